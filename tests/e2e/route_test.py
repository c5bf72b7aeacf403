# SPDX-License-Identifier: LGPL-2.1-or-later
"""The port policy over real sockets: what goes on to the next port, and what stops."""

import e2e
from e2e import accepted, equal, expect, failed, nothing_said

HTTP = 'greet "HTTP/1.1 400 Bad Request\\r\\nServer: x\\r\\n\\r\\n"\nfin\n'
SLOW = 10 # seconds; far over what any case needs, far under every time limit

NEXT = {
    # the first port; the ids its attempt may have in the record (None: it was only too slow)
    'refused': (['--blocked'], None, ['connect-refused']),
    'stalled': (['--stalled'], None, [None]),
    'silent': (['--silent'], None, [None]),
    'closed at once': ([], 'fin\n', ['greeting-closed']),
    'reset at once': ([], 'rst\n', ['greeting-closed', 'connect-refused']),
    '554': (['--reply', 'GREETING=554 5.3.2 no service here'], None, ['greeting-refused']),
    '550': (['--reply', 'GREETING=550 go away'], None, ['greeting-refused']),
    'HTTP': ([], HTTP, ['greeting-not-smtp']),
    'junk': ([], 'greet "\\x00\\xff\\xfe\\r\\n"\n', ['greeting-not-smtp']),
    'another service': ([], 'greet "* OK IMAP4rev1 ready\\r\\n"\n', ['greeting-not-smtp']),
    'FTP-like 230': ([], 'greet "230 in\\r\\n"\n', ['greeting-not-smtp']),
}


def goes_on(cases, own, script, ids, mode):
    listeners = [('1', mode, own, script), ('2', 'implicit', [], None),
                 ('3', 'starttls', [], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        result = cases.send(box.ports('1', '2', '3'), box.values['CA'], user='user')
        accepted(result)
        equal(result.route['port'], box.port('2'), 'port', result)
        expect(result.seconds < SLOW, 'too slow', result)
        equal([a['port'] for a in result.attempts][:2], [box.port('1'), box.port('2')], 'order',
              result)
        expect(result.attempts[0]['error_id'] in ids, f'expected {ids}', result)
        equal(result.attempts[1]['error_id'], None, 'the winner', result)
        nothing_said(box, '1', 'AUTH', 'MAIL')
        nothing_said(box, '3', 'AUTH', 'MAIL')
        equal(len(box.messages()), 1, 'messages')
        equal(box.violations(), [], 'violations', *box.log())


def last_hope(cases):
    """All fail but the last; each is in the record, in order."""
    listeners = [('1', 'starttls', ['--blocked'], None), ('2', 'implicit', ['--stalled'], None),
                 ('3', 'starttls', ['--silent'], None),
                 ('4', 'starttls', ['--reply', 'GREETING=554 no'], None),
                 ('5', 'starttls', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports(*'12345'), box.values['CA'], user='user')
        accepted(result)
        equal([a['port'] for a in result.attempts], [box.port(n) for n in '12345'], 'attempts')
        expect(result.seconds < SLOW, 'too slow', result)


def none(cases):
    """Nothing can be reached: for now; refused by all: for good."""
    listeners = [('1', 'starttls', ['--blocked'], None), ('2', 'implicit', ['--blocked'], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'])
        failed(result, 75, 'transient', 'ports-all-refused')
        equal([a['error_id'] for a in result.attempts], ['connect-refused'] * 2, 'attempts', result)
    own = ['--reply', 'GREETING=554 no']
    with cases.sandbox(('1', 'starttls', own, None), ('2', 'implicit', own, None)) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'])
        failed(result, 69, 'permanent', 'greeting-refused')
        equal(len(result.attempts), 2, 'attempts', result)
    listeners = [('1', 'starttls', ['--silent'], None), ('2', 'implicit', ['--stalled'], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'], timeout=2)
        failed(result, 75, 'transient', 'time-limit')
        equal(len(result.attempts), 2, 'attempts', result)
        expect(result.seconds < SLOW, 'too slow', result)


STOPS = {
    'expired': (['--certificate', 'expired'], 78, 'certificate-expired'),
    'wrong name': (['--certificate', 'wrong-name'], 78, 'certificate-wrong-name'),
    'wrong password': (['--user', 'x:y'], 77, 'auth-refused'),
    '421 greeting': (['--reply', 'GREETING=421 busy'], 75, 'greeting-busy'),
    '450 greeting': (['--reply', 'GREETING=450 busy'], 75, 'greeting-busy'),
    'EHLO in TLS': (['--reply', 'EHLO#2=550 no'], 69, 'tls-ehlo-refused'),
    'AUTH 454': (['--reply', 'AUTH=454 later'], 75, 'auth-busy'),
    'no AUTH': (['--without', 'AUTH'], 78, 'auth-not-offered'),
    'AUTH dropped': (['--drop', 'AUTH'], 75, 'auth-closed'),
    'sender': (['--refuse-sender', '*'], 69, 'sender-not-allowed'),
    'MAIL dropped': (['--drop', 'MAIL', '--without', 'CHUNKING'], 75, 'connection-lost'),
    'content': (['--reply', 'DOT=554 no'], 69, 'content-refused'),
    'dot dropped': (['--drop', 'DOT'], 74, 'lost-after-content'),
}


def stops(cases, own, status, fault):
    password = 'password'
    options = []
    if own[0] == '--user': # the sandbox has one list for all; so be wrong ourselves
        own, password = [], 'wrong'
    listeners = [('1', 'starttls', own, None), ('2', 'implicit', [], None),
                 ('3', 'starttls', [], None)]
    with cases.sandbox(*listeners, options=['--judge', *options]) as box:
        result = cases.send(box.ports('1', '2', '3'), box.values['CA'], user='user',
                            password=password)
        equal(result.status, status, 'exit', result)
        equal(result.error_id, fault, 'id', result)
        for name in '23':
            nothing_said(box, name, 'AUTH', 'MAIL')
        equal(box.opened('1'), 1, 'connections', *box.log('1'))
        equal(len(box.messages()), 0, 'messages')


def slow_first(cases):
    """A port that is slow, not dead: whoever is ready first wins, and one signs in, once."""
    for delay in (600, 1500):
        listeners = [('1', 'starttls', ['--delay', f'GREETING={delay}'], None),
                     ('2', 'implicit', [], None)]
        with cases.sandbox(*listeners, options=['--judge']) as box:
            result = cases.send(box.ports('1', '2'), box.values['CA'], user='user')
            accepted(result)
            box.quiet('1')
            box.quiet('2')
            auths = sum(line.startswith('AUTH') for n in '12' for line in box.said(n))
            equal(auths, 1, 'sign-ins', *box.log())
            equal(len(box.messages()), 1, 'messages')
            equal(box.violations(), [], 'violations', *box.log())


def quick_first(cases):
    """When the first is well, nobody else is asked."""
    listeners = [('1', 'starttls', [], None), ('2', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        accepted(cases.send(box.ports('1', '2'), box.values['CA'], user='user'))
        equal(box.opened('2'), 0, 'connections elsewhere')


def clear(cases):
    """Plain text is one named port and never a way out."""
    listeners = [('1', 'starttls', ['--blocked'], None), ('2', 'none', ['--open'], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'])
        expect(result.status in (64, 65, 78), result)
        equal(box.opened('2'), 0, 'connections')


def tests(cases):
    for name, row in NEXT.items():
        for mode in ('starttls', 'implicit'):
            ids = row[2]
            if mode == 'implicit' and row[1] and name not in ('closed at once', 'reset at once'):
                continue
            if mode == 'implicit':
                if name in ('550', '554'): # within TLS a greeting is a greeting
                    continue
                ids = ids + ['tls-closed', 'greeting-closed']
                if name == 'silent': # TCP came about, the handshake is what is slow
                    ids = ids + [None]
            cases.run(f'goes on: {name}, {mode}', goes_on, cases, row[0], row[1], ids, mode)
    cases.run('the last of five', last_hope, cases)
    cases.run('nobody there', none, cases)
    for name, row in STOPS.items():
        cases.run(f'stops: {name}', stops, cases, *row)
    cases.run('a slow first port', slow_first, cases)
    cases.run('a quick first port', quick_first, cases)
    cases.run('no way in clear', clear, cases)


e2e.main(tests)
