# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may come between the records of a session, and what must not: TLS behind the handshake."""

import time

import e2e
from driven import accepted, count, drive, one, tells, words
from e2e import equal, expect

# What a server may do, and no mail is lost by.
HARMLESS = {
    'no tickets': ['--tickets', '0'],
    'ten tickets': ['--tickets', '10'],
    'tickets in between': ['--extra', 'EHLO=tickets*3', '--extra', 'MAIL=tickets*3', '--extra',
                           'DOT=tickets*3', '--extra', 'QUIT=tickets'],
    '3,000 tickets': ['--extra', 'MAIL#1=tickets*3000'],
    'a key update': ['--extra', 'AUTH=keyupdate', '--extra', 'DOT=keyupdate'],
    'key updates, every second asks for ours': ['--extra', 'MAIL#1=keyupdate*4'],
    'records of one octet': ['--records', '1'],
    'records of two octets': ['--records', '2'],
    'records without data': ['--extra', 'EHLO=empty*20', '--extra', 'DOT=empty*20'],
    'warnings': ['--tls', '1.2', '--extra', 'EHLO=alerts*2', '--extra', 'DOT=alerts*2'],
    'all of it': ['--records', '1', '--tickets', '3', '--extra', 'MAIL=tickets*3', '--extra',
                  'DOT=keyupdate*3'],
}
# What it may not; nobody must wait, and nothing must go on elsewhere.
TOO_MUCH = {
    '100,000 tickets': ['--extra', 'EHLO=tickets*100000'],
    '10,000 key updates': ['--extra', 'EHLO=keyupdate*10000'],
    '1,000 warnings': ['--extra', 'EHLO=alerts*1000'],
    '100,000 records without data': ['--extra', 'EHLO=empty*100000'],
}
RAW = {
    'a record above the limit': '\\x17\\x03\\x03\\x48\\x01" "x"*18433 "',
    'a record in clear': '\\x17\\x03\\x03\\x00\\x05hello',
    'SMTP in clear': '250 ok\\r\\n',
    'an alert in clear': '\\x15\\x03\\x03\\x00\\x02\\x01\\x00',
    'a handshake in clear': '\\x16\\x03\\x03\\x00\\x04\\x00\\x00\\x00\\x00',
    'another version': '\\x17\\x09\\x09\\x00\\x05hello',
}


def harmless(cases, own, mode):
    with cases.sandbox(('s', mode, ['--tls', '1.3', *own], None), options=['--judge']) as box:
        for answer in drive(cases, *words(box, 's'), 'send', 'send', 'quit', 'send'):
            accepted(answer)
        equal(len(box.messages()), 3, 'messages')
        equal(box.violations(), [], 'violations')


def cancelled(cases):
    """In TLS 1.3 there are no warnings: user_canceled ends the session (RFC 8446 6.1)."""
    with cases.sandbox(('s', 'implicit', ['--tls', '1.3', '--extra', 'EHLO=alerts'], None)) as box:
        answer = one(cases, *words(box, 's'), 'send')
        equal((answer.outcome, answer.id), ('transient', 'tls-ehlo-closed'), 'outcome', answer)


def hello_request(cases, command):
    """TLS 1.2: renegotiation is refused by a warning, or the session is given up."""
    own = ['--tls', '1.2', '--extra', f'{command}=hellorequest']
    with cases.sandbox(('s', 'implicit', own, None)) as box:
        answer = one(cases, *words(box, 's'), 'send')
        box.quiet('s')
        tells(box, 's', 'hellorequest sent')
        equal(count(box, 's', 'TLS up'), box.opened('s'), 'handshakes', *box.log('s'))
        if answer.outcome != 'accepted':
            expect(answer.id.startswith('tls-') or answer.id in ('connection-lost',
                                                                 'lost-after-content'), answer)
            equal(box.messages() != [], answer.outcome == 'in-doubt', 'in doubt', answer)


def too_much(cases, own):
    with cases.sandbox(('s', 'implicit', ['--tls', '1.3', *own], None),
                       ('t', 'starttls', [], None)) as box:
        began = time.monotonic()
        answer = one(cases, *words(box, 's', 't'), 'send')
        expect(time.monotonic() - began < 10, 'it took too long')
        if answer.outcome != 'accepted':
            expect(answer.outcome in ('transient', 'permanent'), answer)
        expect(len(box.messages()) <= 1, 'messages')


def garbled(cases, record, version, mode):
    """One bit, anywhere: an error, no mail twice, nothing said in clear."""
    own = ['--garble', str(record), '--tls', version]
    with cases.sandbox(('s', mode, own, None), ('t', 'implicit', [], None)) as box:
        answer = one(cases, *words(box, 's', 't'), 'timeout=5000', 'send')
        box.quiet('s')
        if answer.outcome == 'accepted': # it was the reply to QUIT, or a ticket that nobody needs
            equal(len(box.messages()), 1, 'messages', *box.log())
        else:
            tells(box, 's', 'garbled')
            expect(answer.id, 'no id', answer)
            equal(box.messages() != [], answer.outcome == 'in-doubt', 'in doubt', answer,
                  *box.log())
        equal(count(box, 's', 'clear-auth') + count(box, 's', 'clear-mail'), 0, 'in clear')


def raw(cases, octets):
    """Between two records, where no attacker without the keys can put any that count."""
    script = ('tls good\ngreet "220 e2e\\r\\n"\nexpect "EHLO *"\n'
              'send "250-e2e\\r\\n250 AUTH PLAIN\\r\\n"\nnever "MAIL*"\nexpect "AUTH *"\n'
              f'tls-raw "{octets}"\nsend "235 ok\\r\\n"\nmaybe "*"\n')
    with cases.sandbox(('1', 'none', [], script), ('t', 'implicit', [], None)) as box:
        usual = ['server=localhost', f'trust={box.values["CA"]}', 'timeout=5000',
                 'login=user:password', f'ports={box.port("1")}/implicit,{box.ports("t")}']
        answer = one(cases, *usual, 'send')
        expect(answer.outcome in ('transient', 'permanent'), answer)
        box.quiet('1')
        equal(box.messages(), [], 'messages')
        equal([v for v in box.violations() if 'MAIL' in v], [], 'violations')


def cut(cases, command, octets, wanted, version):
    """FIN without close_notify is never a clean end (RFC 8446 6.1)."""
    own = ['--tls', version, '--cut', f'{command}={octets}/truncate', '--reply',
           'DOT=250 2.0.0 kept']
    with cases.sandbox(('s', 'implicit', own, None)) as box:
        answer = one(cases, *words(box, 's'), 'timeout=5000', 'send')
        equal(answer.outcome, wanted, 'outcome', answer)


VERSIONS = [
    # the server's, a word, and the version; None: there is none in common
    ('1.2-1.3', 'minimum=1.3', 'TLS1.3'), ('1.2', 'minimum=1.3', None),
    ('1.2', 'minimum=1.2', 'TLS1.2'), ('1.0-1.1', 'minimum=1.2', None),
    ('1.2-1.3', 'priority=NORMAL:-VERS-ALL:+VERS-TLS1.2', 'TLS1.2'),
    ('1.3', 'priority=NORMAL:-VERS-ALL:+VERS-TLS1.2', None),
    ('1.0-1.1', 'priority=NORMAL:+VERS-TLS1.1:+VERS-TLS1.0', None), # below the floor
]


def versions(cases, own, word, wanted, mode):
    with cases.sandbox(('s', mode, ['--tls', own], None)) as box:
        answer = one(cases, *words(box, 's'), word, 'send')
        if wanted:
            accepted(answer)
            equal(answer.version, wanted, 'version')
        else:
            expect(answer.id in ('tls-no-common-version', 'tls-alert'), answer)
            equal(count(box, 's', 'TLS up'), 0, 'handshakes')
            equal([line for line in box.said('s') if line[:4] in ('AUTH', 'MAIL')], [], 'said')


def tests(cases):
    for row in VERSIONS:
        for mode in ('starttls', 'implicit'):
            cases.run(f'a server of TLS {row[0]}, {row[1]}, {mode}', versions, cases, *row, mode)
    for name, own in HARMLESS.items():
        for mode in ('starttls', 'implicit'):
            cases.run(f'{name}, {mode}', harmless, cases, own, mode)
    cases.run('user_canceled in TLS 1.3', cancelled, cases)
    for command in ('EHLO', 'AUTH', 'MAIL', 'DOT', 'QUIT'):
        cases.run(f'HelloRequest before the reply to {command}', hello_request, cases, command)
    for name, own in TOO_MUCH.items():
        cases.run(name, too_much, cases, own)
    for version in ('1.2', '1.3'):
        for mode in ('starttls', 'implicit'):
            for record in range(1, 17):
                cases.run(f'record {record} garbled, TLS {version}, {mode}', garbled, cases,
                          record, version, mode)
        for command, octets, wanted in [
                ('EHLO', 10, 'transient'), ('AUTH', 0, 'transient'), ('MAIL', 3, 'in-doubt'),
                ('DOT', 0, 'in-doubt'), ('DOT', 9, 'in-doubt'), ('DOT', 15, 'in-doubt'),
                ('DOT', 16, 'accepted'), ('QUIT', 0, 'accepted')]:
            cases.run(f'cut behind {octets} octets to {command}, TLS {version}', cut, cases,
                      command, octets, wanted, version)
    for name, octets in RAW.items():
        cases.run(f'{name} in the middle', raw, cases, octets)


e2e.main(tests)
