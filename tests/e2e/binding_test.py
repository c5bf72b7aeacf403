# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channel binding: what the client says of it, what the server checks, and who is in between."""

import e2e
from driven import accepted, auths, count, drive, failed, one, tells, words
from e2e import equal, nothing_said

PLUS = 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN'
OLD = ['--tls', '1.2', '--no-extended-master-secret']
TLS = {'TLS 1.3': (['--tls', '1.3'], 'tls-exporter'), 'TLS 1.2': (['--tls', '1.2'], 'tls-exporter'),
       'TLS 1.2 without the extended master secret': (OLD, 'tls-unique')}


def bound(cases, own, kind, mode, mechanism):
    listeners = [('s', mode, ['--mechanisms', mechanism, *own], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        for binding in '01':
            accepted(one(cases, *words(box, 's'), f'binding={binding}', 'send'), mechanism)
        equal(count(box, 's', f'gs2 flag p={kind}'), 2, 'flags', *box.log('s'))
        equal(box.violations(), [], 'violations')


def resumed(cases, own, kind):
    """A resumed session has a binding of its own; where it could not be told from another's, as
    without the extended master secret (RFC 7627 1), nothing is resumed."""
    with cases.sandbox(('s', 'implicit', ['--mechanisms', PLUS, *own], None)) as box:
        for answer in drive(cases, *words(box, 's'), *['send', 'quit'] * 3):
            accepted(answer, 'SCRAM-SHA-256-PLUS')
        equal(count(box, 's', f'gs2 flag p={kind}'), 3, 'flags', *box.log('s'))
        equal(count(box, 's', 'resumed') > 0, kind == 'tls-exporter', 'resumed', *box.log('s'))


def flags(cases, offer, named, flag, mode):
    """S-05: y where the client would bind and was not offered it; n where it could not."""
    with cases.sandbox(('s', mode, ['--mechanisms', offer, '--plain-auth'], None)) as box:
        accepted(one(cases, *words(box, 's'), f'mechanisms={named}', 'send'), 'SCRAM-SHA-256')
        tells(box, 's', f'gs2 flag {flag}')


def wrong_password(cases):
    with cases.sandbox(('s', 'starttls', ['--mechanisms', PLUS], None),
                       options=['--judge']) as box:
        failed(one(cases, *words(box, 's', user='user:wrong'), 'send'), 'auth-refused')
        equal(len(auths(box, 's')), 1, 'AUTH')
        equal(box.violations(), [], 'violations')


def required(cases, offer, own):
    """Nothing else will do then, not even for a look."""
    listeners = [('s', 'starttls', ['--mechanisms', offer, *own], None),
                 ('t', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        failed(one(cases, *words(box, 's', 't'), 'binding=1', 'send'), 'auth-no-channel-binding')
        for name in 'st':
            nothing_said(box, name, 'AUTH', 'MAIL')


class Middle:
    """A server, and somebody between it and the client, whom the client was told to trust."""

    def __init__(self, cases, mode, far, near):
        self.far = cases.sandbox(('s', mode, far, None))
        forward = ['--forward', f'127.0.0.1:{self.far.port("s")}', *near]
        self.near = cases.sandbox(('s', mode, forward, None))

    def __enter__(self):
        return self.far, self.near

    def __exit__(self, *_):
        self.near.stop()
        self.near.__exit__()
        self.far.__exit__()


def passed_on(cases, mode):
    """Without binding nobody notices: that is what binding is for."""
    with Middle(cases, mode, ['--mechanisms', 'SCRAM-SHA-256 PLAIN'], []) as (far, near):
        accepted(one(cases, *words(near, 's'), 'send'), 'SCRAM-SHA-256')
        equal(len(far.messages()), 1, 'messages')


def seen_through(cases, mode, own):
    """With it the server refuses, and the password is not offered in another way."""
    with Middle(cases, mode, ['--mechanisms', PLUS, *own], own) as (far, near):
        failed(one(cases, *words(near, 's'), 'send'), 'auth-refused')
        far.quiet('s')
        tells(far, 's', 'gs2 flag p=')
        equal(len(auths(far, 's')), 1, 'AUTH', *far.log('s'))
        nothing_said(far, 's', 'MAIL', 'AUTH PLAIN')
        equal(far.messages(), [], 'messages')


def stripped(cases, mode, strip, ids, flag):
    """... even if the offer is taken away on the path: the flag tells the server."""
    near_own = [word for pattern in strip for word in ('--strip', pattern)]
    with Middle(cases, mode, ['--mechanisms', PLUS], near_own) as (far, near):
        failed(one(cases, *words(near, 's'), 'mechanisms=SCRAM-SHA-256-PLUS SCRAM-SHA-256',
                   'send'), *ids)
        far.quiet('s')
        if flag:
            tells(far, 's', 'gs2 flag y')
            tells(far, 's', 'downgrade detected')
        equal(far.messages(), [], 'messages')
        nothing_said(far, 's', 'MAIL', 'AUTH PLAIN')


def stripped_and_required(cases, mode):
    with Middle(cases, mode, ['--mechanisms', PLUS], ['--strip', '*-PLUS']) as (far, near):
        failed(one(cases, *words(near, 's'), 'binding=1', 'send'), 'auth-no-channel-binding')
        nothing_said(far, 's', 'AUTH', 'MAIL')


def pinned(cases):
    """A pin keeps the one in between out at once, whatever authorities are trusted."""
    with Middle(cases, 'implicit', ['--mechanisms', PLUS], []) as (_, near):
        pin = 'sha256:' + 'A' * 43 + '='
        failed(one(cases, *words(near, 's'), f'pins={pin}', 'send'), 'certificate-not-pinned')


def tests(cases):
    for name, (own, kind) in TLS.items():
        for mechanism in ('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'):
            for mode in ('starttls', 'implicit'):
                cases.run(f'{mechanism}, {name}, {mode}', bound, cases, own, kind, mode, mechanism)
        cases.run(f'resumed, {name}', resumed, cases, own, kind)
    for mode in ('starttls', 'implicit'):
        for named in ('', PLUS):
            cases.run(f'S-05 the flag y, {mode}, named: {named}', flags, cases,
                      'SCRAM-SHA-256 PLAIN', named, 'y', mode)
        # who names the one without binding wants none
        cases.run(f'the flag n, {mode}', flags, cases, PLUS, 'SCRAM-SHA-256', 'n', mode)
    cases.run('the flag n, no TLS', flags, cases, 'SCRAM-SHA-256', '', 'n', 'none')
    cases.run('a wrong password', wrong_password, cases)
    for offer in ('SCRAM-SHA-256 SCRAM-SHA-1 PLAIN', 'PLAIN LOGIN', 'CRAM-MD5'):
        cases.run(f'required, and offered are {offer}', required, cases, offer, [])
    for mode in ('starttls', 'implicit'):
        cases.run(f'in the middle, no binding, {mode}', passed_on, cases, mode)
        for own in ([], ['--tls', '1.2'], OLD):
            cases.run(f'in the middle, {mode} {own}', seen_through, cases, mode, own)
        cases.run(f'the offer stripped, {mode}', stripped, cases, mode, ['*-PLUS'],
                  ['auth-refused'], True)
        cases.run(f'all SCRAM stripped, {mode}', stripped, cases, mode, ['SCRAM*'],
                  ['auth-no-mechanism'], False)
        cases.run(f'stripped, and binding required, {mode}', stripped_and_required, cases, mode)
    cases.run('a pin against the middle', pinned, cases)


e2e.main(tests)
