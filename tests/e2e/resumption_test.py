# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS sessions resumed: only with the server and the settings they were made with."""

import os
import shutil

import e2e
from driven import accepted, drive, failed, one, words
from e2e import equal, expect, nothing_said

VERSIONS = ['1.2', '1.3']


def resumed(box, name='s'):
    """For each handshake of this listener, in order."""
    return ['resumed' in event for event in box.said(name, '*') if event.startswith('TLS up')]


def again(cases, mode, version):
    """Every later connection; each ticket is used once (RFC 8446 C.4)."""
    with cases.sandbox(('s', mode, ['--tls', version], None), options=['--judge']) as box:
        answers = drive(cases, *words(box, 's'), *['send', 'quit'] * 4)
        for answer in answers:
            accepted(answer)
            equal(answer.version, f'TLS{version}', 'version')
        equal(resumed(box), [False, True, True, True], 'resumed', *box.log('s'))
        equal([answer.resumed for answer in answers], [0, 1, 1, 1], 'told')
        equal(box.violations(), [], 'violations')


def never(cases, own, extra):
    with cases.sandbox(('s', 'implicit', own, None)) as box:
        for answer in drive(cases, *words(box, 's'), *extra, *['send', 'quit'] * 3):
            accepted(answer)
        equal(resumed(box), [False] * 3, 'resumed', *box.log('s'))


def other_settings(cases, *change):
    """What was made under other settings is not resumed."""
    with cases.sandbox(('s', 'implicit', ['--client-certificate', 'request'], None)) as box:
        pin = e2e.pin_of(box, 's')
        box.quiet('s')
        change = [word.format(dir=os.path.join(box.here, 'state'), pin=pin) for word in change]
        with open(box.values['CA'], 'rb') as f, open(f'{box.here}/state/more.pem', 'wb') as out:
            out.write(f.read() * 2)
        before = len(resumed(box))
        for answer in drive(cases, *words(box, 's'), 'send', 'quit', *change, 'send'):
            accepted(answer)
        equal(resumed(box)[before:], [False, False], 'resumed', *box.log('s'))


def other_host(cases):
    """One process, one store, two hosts and two ports."""
    with cases.sandbox(('s', 'implicit', [], None), ('t', 'implicit', [], None)) as box:
        for answer in drive(cases, *words(box, 's'), 'send', 'quit', f'ports={box.ports("t")}',
                            'send', 'quit', f'ports={box.ports("s")}', 'send'):
            accepted(answer)
        equal(resumed(box), [False, True], 'resumed', *box.log('s'))
        equal(resumed(box, 't'), [False], 'resumed', *box.log('t'))


def saved(cases, version):
    """From one process to another, sealed."""
    with cases.sandbox(('s', 'implicit', ['--tls', version], None)) as box:
        file = os.path.join(box.here, 'sessions')
        accepted(one(cases, *words(box, 's'), 'send', f'save-sessions={file}'))
        with open(file, encoding='utf-8') as f:
            text = f.read()
        expect(text and 'password' not in text, 'the text', text)
        accepted(one(cases, *words(box, 's'), f'restore-sessions={file}', 'send'))
        equal(resumed(box), [False, True], 'resumed', *box.log('s'))
        # without the key, or with a changed text: nothing
        setter, answer = drive(cases, *words(box, 's'), f'steal-sessions={file}', 'send')
        equal((setter.setter, setter.code), ('steal-sessions', -2), 'setter', setter)
        accepted(answer)
        equal(resumed(box), [False, True, False], 'resumed', *box.log('s'))
        for at in (0, len(text) // 2, len(text) - 2):
            with open(file, 'w', encoding='utf-8') as f:
                f.write(text[:at] + ('A' if text[at] != 'A' else 'B') + text[at + 1:])
            got = drive(cases, *words(box, 's'), f'restore-sessions={file}')
            equal([g.code for g in got], [-2], 'setter', text[at], *got)
        # for another host it means nothing
        with open(file, 'w', encoding='utf-8') as f:
            f.write(text)
        before = len(resumed(box))
        accepted(one(cases, *words(box, 's', server='127.0.0.1'), f'restore-sessions={file}',
                     'send'))
        equal(resumed(box)[before:], [False], 'resumed', *box.log('s'))


def verified(cases, version):
    """A resumed session is verified in full: an authority that is trusted no more ends it."""
    with cases.sandbox(('s', 'implicit', ['--tls', version], None)) as box, \
            cases.sandbox(('s', 'implicit', [], None)) as other:
        file, trust = os.path.join(box.here, 'sessions'), os.path.join(box.here, 'trust.pem')
        shutil.copy(box.values['CA'], trust)
        accepted(one(cases, *words(box, 's'), f'trust={trust}', 'send', f'save-sessions={file}'))
        shutil.copy(other.values['CA'], trust)
        answer = one(cases, *words(box, 's'), f'trust={trust}', f'restore-sessions={file}', 'send')
        equal(answer.outcome, 'permanent', 'outcome', answer)
        expect(answer.id.startswith('certificate-'), answer)
        equal(sum(line.startswith('AUTH') for line in box.said('s')), 1, 'AUTH', *box.log('s'))


def ended(cases, version):
    """So does a certificate that has ended since: the restored session of a server whose
    certificate is refused now."""
    with cases.sandbox(('s', 'implicit', ['--certificate', 'just-ended', '--tls', version],
                        None)) as box:
        for answer in drive(cases, *words(box, 's'), 'send', 'send'):
            failed(answer, 'certificate-expired')
        equal(resumed(box).count(True), 0, 'resumed', *box.log('s'))
        nothing_said(box, 's', 'AUTH', 'MAIL')


def many_tickets(cases, n):
    with cases.sandbox(('s', 'implicit', ['--tickets', str(n)], None)) as box:
        for answer in drive(cases, *words(box, 's'), *['send', 'quit'] * 3):
            accepted(answer)
        equal(resumed(box), [False, True, True], 'resumed', *box.log('s'))


def tests(cases):
    for version in VERSIONS:
        for mode in ('starttls', 'implicit'):
            cases.run(f'resumed, {mode}, TLS {version}', again, cases, mode, version)
        for own in (['--tickets', '0'], ['--no-resumption']):
            cases.run(f'the server {own[0]}, TLS {version}', never, cases,
                      [*own, '--tls', version], [])
        cases.run(f'switched off, TLS {version}', never, cases, ['--tls', version],
                  ['resumption=0'])
        cases.run(f'saved, TLS {version}', saved, cases, version)
        cases.run(f'verified again, TLS {version}', verified, cases, version)
        cases.run(f'ended, TLS {version}', ended, cases, version)
    cases.run('RFC 7627: not without the extended master secret', never, cases,
              ['--tls', '1.2', '--no-extended-master-secret'], [])
    for change in (['minimum=1.3'], ['trust={dir}/more.pem'], ['staple=0', 'pins={pin}'],
                   ['key={dir}/client-key.pem', 'certificate={dir}/client.pem'],
                   ['priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2']):
        cases.run(f'other settings: {change[-1]}', other_settings, cases, *change)
    cases.run('other ports', other_host, cases)
    for n in (1, 10, 100):
        cases.run(f'{n} tickets', many_tickets, cases, n)


e2e.main(tests)
