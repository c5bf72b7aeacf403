# SPDX-License-Identifier: LGPL-2.1-or-later
"""OCSP responses that come with the certificate, and those that do not come."""

import e2e
from driven import accepted, drive, failed, one, words
from e2e import equal, nothing_said

# The certificate, the response, and the error; '' is none; then the error if one is required.
ROWS = [
    ('good', 'none', '', 'certificate-staple-missing'),
    ('good', 'good', '', ''),
    ('intermediate', 'good', '', ''),
    ('good', 'revoked', 'certificate-revoked', 'certificate-revoked'),
    ('good', 'expired', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    ('good', 'not-yet-valid', '', ''), # a clock may be slow
    ('good', 'other', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    ('good', 'forged', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    ('good', 'garbage', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    # these say nothing, which is no harm unless somebody is to be believed
    ('good', 'unknown', '', 'certificate-staple-invalid'),
    ('good', 'try-later', '', 'certificate-staple-invalid'),
    ('must-staple', 'none', 'certificate-staple-missing', 'certificate-staple-missing'),
    ('must-staple', 'good', '', ''),
    ('must-staple', 'revoked', 'certificate-revoked', 'certificate-revoked'),
    ('must-staple', 'expired', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    ('must-staple', 'unknown', 'certificate-staple-invalid', 'certificate-staple-invalid'),
    ('must-staple', 'try-later', 'certificate-staple-missing', 'certificate-staple-missing'),
    # the name and the authority count as ever
    ('wrong-name', 'good', 'certificate-wrong-name', 'certificate-wrong-name'),
    ('unknown-authority', 'good', 'certificate-unknown-authority', 'certificate-unknown-authority'),
    ('expired', 'good', 'certificate-expired', 'certificate-expired'),
]


def staple(cases, kind, response, wanted, version, mode, required):
    own = ['--certificate', kind, '--staple', response, '--tls', version]
    listeners = [('s', mode, own, None), ('next', 'implicit', ['--staple', 'good'], None)]
    with cases.sandbox(*listeners) as box:
        answer = one(cases, *words(box, 's', 'next'), f'staple={required}', 'send')
        if not wanted:
            accepted(answer)
            equal(box.opened('next'), 0, 'connections elsewhere')
            return
        failed(answer, wanted)
        nothing_said(box, 's', 'AUTH', 'MAIL')
        equal(box.opened('next'), 0, 'connections elsewhere')


def pinned(cases):
    """A pin in place of the authorities does not make a revoked certificate good."""
    with cases.sandbox(('s', 'implicit', ['--staple', 'revoked'], None)) as box:
        pin = e2e.pin_of(box, 's')
        failed(one(cases, *words(box, 's'), f'pins={pin}', 'send'), 'certificate-revoked')


def resumed(cases):
    """A resumed session brings no response: it was good when it was made."""
    for kind, required in (('must-staple', 0), ('good', 1)):
        own = ['--certificate', kind, '--staple', 'good']
        with cases.sandbox(('s', 'implicit', own, None)) as box:
            for answer in drive(cases, *words(box, 's'), f'staple={required}',
                                *['send', 'quit'] * 3):
                accepted(answer)


def tests(cases):
    for kind, response, usual, required in ROWS:
        for version in ('1.2', '1.3'):
            for strict, wanted in ((0, usual), (1, required)):
                cases.run(f'{kind}, {response}, TLS {version}, required: {strict}', staple, cases,
                          kind, response, wanted, version, 'starttls' if strict else 'implicit',
                          strict)
    cases.run('revoked, and pinned', pinned, cases)
    cases.run('resumed', resumed, cases)


e2e.main(tests)
