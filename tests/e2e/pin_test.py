# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pinned keys, with the authorities and in place of them."""

import e2e
from driven import accepted, drive, failed, one, words
from e2e import equal, nothing_said

OTHER = 'sha256:' + 'A' * 43 + '='
# The certificate, and the error with a right pin beside the authorities; '' is none.
KINDS = {
    'good': '', 'expired': 'certificate-expired', 'wrong-name': 'certificate-wrong-name',
    'self-signed': 'certificate-self-signed', 'cn-only': 'certificate-wrong-name',
    'unknown-authority': 'certificate-unknown-authority',
    'missing-intermediate': 'certificate-unknown-authority',
}


def pins(cases, kind, wanted):
    listeners = [('s', 'implicit', ['--certificate', kind], None),
                 ('t', 'starttls', ['--certificate', kind], None),
                 ('next', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        pin = e2e.pin_of(box, 's')
        box.quiet('s')
        for list_ in (pin, f'{OTHER} {pin}', f'{pin},{OTHER}'):
            answer = one(cases, *words(box, 's'), f'pins={list_}', 'send')
            if wanted:
                failed(answer, wanted)
            else:
                accepted(answer)
            accepted(one(cases, *words(box, 's'), f'pins-only={list_}', 'send'))
            # STARTTLS shows the same key
            accepted(one(cases, *words(box, 't'), f'pins-only={list_}', 'send'))
        for word in ('pins', 'pins-only'):
            said = len(box.said('s'))
            answer = one(cases, *words(box, 's', 'next'), f'{word}={OTHER}', 'send')
            failed(answer, wanted if wanted and word == 'pins' else 'certificate-not-pinned')
            box.quiet('s')
            equal(box.said('s')[said:], [], 'said', *box.log('s'))
        equal(box.opened('next'), 0, 'connections elsewhere')


def another_key(cases):
    """The key is the one of the handshake, not one that only stands in the certificate."""
    with cases.sandbox(('s', 'implicit', ['--certificate', 'wrong-key'], None)) as box:
        # no client will finish that handshake, so its pin cannot be asked for: any will do
        for word in (f'pins={OTHER}', f'pins-only={OTHER}'):
            answer = one(cases, *words(box, 's'), word, 'send')
            equal(answer.outcome, 'permanent', 'outcome', answer)
        nothing_said(box, 's', 'EHLO', 'AUTH', 'MAIL')


def wrong(cases):
    """Lists that are none."""
    with cases.sandbox(('s', 'implicit', [], None)) as box:
        pin = e2e.pin_of(box, 's')
        box.quiet('s')
        opened = box.opened('s')
        for list_ in ('x', 'sha256:', 'sha256:AAAA', pin[7:], pin + 'x', 'sha1:' + pin[7:],
                      pin[:-1], f'{pin} x', ' '.join([OTHER] * 17)):
            setter, answer = drive(cases, *words(box, 's'), f'pins={list_}', 'send')
            equal((setter.setter, setter.code), ('pins', -2), list_, setter)
            failed(answer, 'bad-argument')
        equal(box.opened('s'), opened, 'connections')
        accepted(one(cases, *words(box, 's'), f'pins={" ".join([OTHER] * 15 + [pin])}', 'send'))


def tests(cases):
    for kind, wanted in KINDS.items():
        cases.run(f'pins, {kind}', pins, cases, kind, wanted)
    cases.run('another key than the certificate\'s', another_key, cases)
    cases.run('lists that are none', wrong, cases)


e2e.main(tests)
