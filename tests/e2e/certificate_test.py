# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of certificate, by STARTTLS and by implicit TLS: who is refused is told nothing."""

import os

import e2e
from e2e import accepted, equal, expect, failed, nothing_said

GOOD = ['good', 'intermediate', 'upper-case', 'permitted', 'just-begun']
BAD = {
    'expired': ['certificate-expired'],
    'not-yet-valid': ['certificate-not-yet-valid'],
    'wrong-name': ['certificate-wrong-name'],
    'wildcard': ['certificate-wrong-name'],
    'cn-only': ['certificate-wrong-name'],
    'partial-wildcard': ['certificate-wrong-name'],
    'self-signed': ['certificate-self-signed'],
    'unknown-authority': ['certificate-unknown-authority'],
    'missing-intermediate': ['certificate-unknown-authority'],
    'not-authority': ['certificate-unknown-authority', 'certificate-invalid'],
    'weak': ['certificate-weak'],
    'weak-hash': ['certificate-weak'],
    'wrong-purpose': ['certificate-wrong-purpose'],
    'just-ended': ['certificate-expired'],
    'expired-intermediate': ['certificate-expired'],
    'expired-authority': ['certificate-expired'],
    'cn-and-other-name': ['certificate-wrong-name'],
    'cn-and-uri': ['certificate-wrong-name'],
    'star': ['certificate-wrong-name'],
    'inner-wildcard': ['certificate-wrong-name'],
    'below': ['certificate-wrong-name'],
    'nul-name': ['certificate-wrong-name'],
    'long-name': ['certificate-wrong-name'],
    'many-names': ['certificate-wrong-name'],
    'loop': ['certificate-unknown-authority'],
    'version-1': ['certificate-unknown-authority', 'certificate-invalid'],
    'path-length': ['certificate-invalid'],
    'deep': ['certificate-invalid'],
    'not-permitted': ['certificate-invalid'],
    'excluded': ['certificate-invalid'],
    'excluded-upper-case': ['certificate-invalid'],
    'nothing-permitted': ['certificate-invalid'],
    'md5': ['certificate-weak'],
    'must-staple': ['certificate-staple-missing'],
}
# Those of which no handshake comes about, so that there is no certificate to judge.
BROKEN = {'weak-curve': ['tls-no-common-version'], 'wrong-key': ['tls-broken']}
# Whom to trust, where it is not ca.pem.
TRUST = {'expired-authority': 'ca-expired.pem'}
NAMES = {'wrong-name': 'other.sandbox.test', 'wildcard': '*.sandbox.test'}


def good(cases, box, kind, mode):
    result = cases.send(box.ports(mode), box.values['CA'], user='user')
    accepted(result)
    equal(result.route['tls'], 'implicit' if mode == 'implicit' else 'STARTTLS', 'tls', result)
    expect(result.route['tls_version'] in ('TLS1.2', 'TLS1.3'), result)


def bad(cases, box, kind, mode):
    # The good port comes second: a certificate that fails is never a reason to ask elsewhere.
    trust = os.path.join(box.values['DIR'], TRUST.get(kind, 'ca.pem'))
    result = cases.send(box.ports(mode, 'next'), trust, user='user')
    failed(result, 78, 'permanent', *BAD[kind])
    if kind in NAMES:
        expect(NAMES[kind] in result.error + result.advice, 'names that would match', result)
    box.quiet(mode)
    equal(box.opened(mode), 1, 'connections', *box.log(mode))
    equal(box.opened('next'), 0, 'connections elsewhere', *box.log('next'))
    nothing_said(box, mode, 'AUTH', 'MAIL', 'RCPT')
    ehlos = sum(line.startswith('EHLO') for line in box.said(mode))
    equal(ehlos, 0 if mode == 'implicit' else 1, 'EHLOs', *box.log(mode))
    equal(len(result.attempts), 1, 'attempts', result)
    equal(result.attempts[0]['error_id'], result.error_id, 'the attempt', result)


def broken(cases, box, kind, mode):
    result = cases.send(box.ports(mode), box.values['CA'], user='user')
    failed(result, 78, 'permanent', *BROKEN[kind])
    nothing_said(box, mode, 'AUTH', 'MAIL', 'RCPT')


def address(cases):
    """A name in a certificate is no address, and an address is checked like any name."""
    listeners = [('dns', 'implicit', ['--certificate', 'ip-as-dns'], None),
                 ('good', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('dns'), box.values['CA'], user='user', server='127.0.0.1')
        failed(result, 78, 'permanent', 'certificate-wrong-name')
        nothing_said(box, 'dns', 'EHLO', 'AUTH')
        accepted(cases.send(box.ports('good'), box.values['CA'], user='user', server='127.0.0.1'))


def trust(cases):
    """A file of other authorities does not do; neither does one that is not there."""
    with cases.sandbox(('s', 'starttls', [], None)) as box, \
            cases.sandbox(('s', 'starttls', [], None)) as other:
        result = cases.send(box.ports('s'), other.values['CA'], user='user')
        # Both sandboxes name their authority alike, so the signature is what fails.
        expect(result.error_id.startswith('certificate-'), result)
        equal(result.status, 78, 'exit', result)
        nothing_said(box, 's', 'AUTH', 'MAIL')
        result = cases.send(box.ports('s'), '/nonexistent/ca.pem', user='user')
        expect(result.status in (64, 66, 78), result)
        equal(box.opened('s'), 1, 'connections')


def versions(cases):
    """TLS 1.2 and 1.3, and nothing older."""
    listeners = [(f'v{n}{mode}', mode, ['--tls', version], None)
                 for n, version in enumerate(['1.0-1.1', '1.2-1.2', '1.3-1.3'])
                 for mode in ('starttls', 'implicit')]
    with cases.sandbox(*listeners) as box:
        for mode in ('starttls', 'implicit'):
            result = cases.send(box.ports(f'v0{mode}'), box.values['CA'], user='user')
            equal(result.status, 78, 'exit', result)
            expect(result.error_id in ('tls-alert', 'tls-no-common-version'), result)
            nothing_said(box, f'v0{mode}', 'AUTH', 'MAIL')
            for n in (1, 2):
                result = cases.send(box.ports(f'v{n}{mode}'), box.values['CA'], user='user')
                accepted(result)
                equal(result.route['tls_version'], f'TLS1.{n + 1}', 'version')


def tests(cases):
    for kind in GOOD + list(BAD) + list(BROKEN):
        function = good if kind in GOOD else broken if kind in BROKEN else bad
        own = ['--certificate', kind]
        listeners = [('starttls', 'starttls', own, None), ('implicit', 'implicit', own, None),
                     ('next', 'implicit', [], None)]
        with cases.sandbox(*listeners, options=['--judge']) as box:
            for mode in ('starttls', 'implicit'):
                cases.run(f'{kind} by {mode}', function, cases, box, kind, mode)
            cases.run(f'{kind}: the judge', lambda b: equal(b.violations(), [], 'violations'), box)
    cases.run('an address is no dNSName', address, cases)
    cases.run('other authorities', trust, cases)
    cases.run('versions of TLS', versions, cases)


e2e.main(tests)
