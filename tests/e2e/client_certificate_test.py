# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that ask for a client's certificate, and EXTERNAL, which signs in with it."""

import os

import e2e
from driven import accepted, auths, count, drive, failed, one, tells, words
from e2e import equal, expect, nothing_said

VERSIONS = ['1.2', '1.3']
ASK = ['--client-certificate', 'request']
DEMAND = ['--client-certificate', 'require']


def pair(box, name='client', key=None, secret=None):
    """The driver's words for a certificate and its key."""
    place = os.path.join(box.here, 'state')
    return ([f'secret={secret}'] if secret else []) + [
        f'key={place}/{key or name + "-key"}.pem', f'certificate={place}/{name}.pem']


def asked(cases, own, mode, version):
    """With a certificate and without; the password signs in."""
    with cases.sandbox(('s', mode, [*own, '--tls', version], None), options=['--judge']) as box:
        accepted(one(cases, *words(box, 's'), *pair(box), 'send'), 'SCRAM-SHA-256')
        tells(box, 's', 'client certificate of user')
        answer = one(cases, *words(box, 's'), 'send')
        if own == ASK:
            accepted(answer)
            tells(box, 's', 'no client certificate')
        else:
            failed(answer, 'tls-certificate-wanted')
            equal(len(auths(box, 's')), 1, 'AUTH', *box.log('s'))
        equal(box.violations(), [], 'violations')


def unknown(cases, own, mode, version):
    """One of an authority that the server does not know."""
    with cases.sandbox(('s', mode, [*own, '--tls', version], None)) as box:
        answer = one(cases, *words(box, 's'), *pair(box, 'client-other'), 'send')
        if own == ASK:
            accepted(answer)
            tells(box, 's', 'the client certificate is not trusted')
        else:
            equal(answer.outcome, 'permanent', 'outcome', answer)
            expect(answer.id in ('tls-certificate-wanted', 'tls-alert'), answer)
            nothing_said(box, 's', 'MAIL')


def not_asked(cases):
    """It is shown to nobody who does not ask."""
    listeners = [('s', 'implicit', [], None), ('t', 'implicit', ASK, None)]
    with cases.sandbox(*listeners) as box:
        accepted(one(cases, *words(box, 's'), *pair(box), 'send'))
        equal(count(box, 's', 'client certificate'), 0, 'certificates', *box.log('s'))


def passphrase(cases):
    with cases.sandbox(('s', 'implicit', DEMAND, None)) as box:
        key = 'client-key-secret'
        accepted(one(cases, *words(box, 's'), *pair(box, key=key, secret='sandbox'), 'send'))
        for secret in ('wrong', None):
            setter, answer = drive(cases, *words(box, 's'), *pair(box, key=key, secret=secret),
                                   'send')
            equal((setter.setter, setter.code), ('certificate', -2), 'setter', setter)
            expect('sandbox' not in setter.error and 'wrong' not in setter.error, setter)
            failed(answer, 'bad-argument')


def no_pair(cases):
    """Files that are none, and two that do not belong together."""
    with cases.sandbox(('s', 'implicit', DEMAND, None)) as box:
        for name, key in (('client', 'client-other-key'), ('missing', 'client-key'),
                          ('client', 'missing'), ('client', 'client'), ('client-key', 'client-key')):
            setter, answer = drive(cases, *words(box, 's'), *pair(box, name, key), 'send')
            equal((setter.setter, setter.code), ('certificate', -2), 'setter', setter)
            failed(answer, 'bad-argument')
        equal(box.opened('s'), 0, 'connections')
        # taken back, and then right
        setter, answer = drive(cases, *words(box, 's'), *pair(box, 'missing'), *pair(box), 'send')
        accepted(answer)


def external(cases, mode, version):
    own = [*ASK, '--tls', version, '--mechanisms', 'EXTERNAL PLAIN']
    with cases.sandbox(('s', mode, own, None), options=['--judge']) as box:
        accepted(one(cases, *words(box, 's', user=None), *pair(box), 'mechanisms=EXTERNAL',
                     'send'), 'EXTERNAL')
        tells(box, 's', 'authenticated user by EXTERNAL')
        equal(len(auths(box, 's')), 1, 'AUTH')
        # a password beside it is not wanted
        accepted(one(cases, *words(box, 's'), *pair(box), 'mechanisms=EXTERNAL PLAIN', 'send'),
                 'EXTERNAL')
        nothing_said(box, 's', 'AUTH PLAIN')
        equal(box.violations(), [], 'violations')


def external_refused(cases):
    """The server does not know who it is, or does not like it."""
    own = [*ASK, '--mechanisms', 'EXTERNAL PLAIN']
    with cases.sandbox(('s', 'implicit', own, None)) as box:
        failed(one(cases, *words(box, 's', user=None), *pair(box, 'client-other'),
                   'mechanisms=EXTERNAL', 'send'), 'auth-refused')
        # and no password behind it: 535 stops
        failed(one(cases, *words(box, 's'), *pair(box, 'client-other'),
                   'mechanisms=EXTERNAL PLAIN', 'send'), 'auth-refused')
        nothing_said(box, 's', 'AUTH PLAIN', 'MAIL')


def external_not_to_be_had(cases):
    """Not offered, no certificate, not named, no TLS."""
    listeners = [('s', 'implicit', [*ASK, '--mechanisms', 'PLAIN'], None),
                 ('e', 'implicit', [*ASK, '--mechanisms', 'EXTERNAL'], None),
                 ('n', 'none', ['--mechanisms', 'EXTERNAL', '--plain-auth'], None)]
    with cases.sandbox(*listeners) as box:
        failed(one(cases, *words(box, 's', user=None), *pair(box), 'mechanisms=EXTERNAL',
                   'send'), 'auth-no-mechanism')
        failed(one(cases, *words(box, 'e'), 'mechanisms=EXTERNAL', 'send'), 'auth-no-mechanism')
        failed(one(cases, *words(box, 'e'), *pair(box), 'send'), 'auth-no-mechanism')
        failed(one(cases, *words(box, 'n', user=None), *pair(box), 'mechanisms=EXTERNAL',
                   'send'), 'auth-no-mechanism')
        for name in 'sen':
            nothing_said(box, name, 'AUTH', 'MAIL')


def tests(cases):
    for mode in ('starttls', 'implicit'):
        for version in VERSIONS:
            for own in (ASK, DEMAND):
                cases.run(f'{own[1]}, {mode}, TLS {version}', asked, cases, own, mode, version)
                cases.run(f'{own[1]}, unknown authority, {mode}, TLS {version}', unknown, cases,
                          own, mode, version)
            cases.run(f'EXTERNAL, {mode}, TLS {version}', external, cases, mode, version)
    cases.run('shown to nobody who does not ask', not_asked, cases)
    cases.run('a key with a passphrase', passphrase, cases)
    cases.run('no pair', no_pair, cases)
    cases.run('EXTERNAL refused', external_refused, cases)
    cases.run('EXTERNAL not to be had', external_not_to_be_had, cases)


e2e.main(tests)
