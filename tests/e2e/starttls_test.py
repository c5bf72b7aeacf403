# SPDX-License-Identifier: LGPL-2.1-or-later
"""STARTTLS taken away, refused, injected into, cheated about: only ever up, or not at all."""

import e2e
from e2e import (BYE, CONTENT, HELLO, OFFER, SIGNED, TLS_HELLO, UP, accepted, equal, expect, failed,
                 nothing_said)

GO = 'send "220 go'  # the reply to STARTTLS, to be ended
ALERT = '\\x15\\x03\\x03\\x00\\x02\\x02\\x28'


def stripped(cases, own, script, other, wanted):
    """The first port has no STARTTLS; the second is another port like it, the third implicit."""
    listeners = [('1', 'starttls', own, script), ('2', 'starttls', own, script),
                 ('3', 'implicit', [], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        names = '123' if other else '12'
        result = cases.send(box.ports(*names), box.values['CA'], user='user')
        if other:
            accepted(result)
            equal(result.route['tls'], 'implicit', 'route', result)
            equal(result.route['port'], box.port('3'), 'route', result)
        else:
            failed(result, *wanted)
        for name in '12':
            nothing_said(box, name, 'AUTH', 'MAIL', 'HELO')
        # The other port is no way up: it may be looked at while the first is slow, not after.
        equal(box.opened('2'), 0, 'connections to the second', *box.log('2'))
        equal(box.violations(), [], 'violations', *box.log())


def reply(text):
    return HELLO + 'send "250-e2e\\r\\n250 STARTTLS\\r\\n"\nnever "AUTH*"\nnever "MAIL*"\n' \
        f'never "EHLO*"\nexpect "STARTTLS"\nsend "{text}\\r\\n"\n' + BYE


STRIPPED = {
    # what the first two ports do, and the end where there is no implicit port
    'not offered': (['--no-starttls'], None, (78, 'permanent', 'starttls-missing')),
    'EHLO 502 (D_1)': (['--reply', 'EHLO=502 command not recognized'], None,
                       (69, 'permanent', 'ehlo-refused')),
    'STARTTLS 502 (O_2)': ([], reply('502 no'), (78, 'permanent', 'starttls-refused')),
    'STARTTLS 501': ([], reply('501 no'), (78, 'permanent', 'starttls-refused')),
    'STARTTLS 454 (O_3)': ([], reply('454 not now'), (75, 'transient', 'starttls-busy')),
    'STARTTLS 421': ([], reply('421 bye') + 'fin\n',
                     (75, 'transient', 'starttls-busy', 'starttls-closed')),
    'handshake alert (ST-05 by itself)': ([], OFFER + f'{GO}\\r\\n"\ntls-raw "{ALERT}"\nfin\n',
                                          (78, 'permanent', 'tls-alert', 'tls-no-common-version')),
    'old TLS only': (['--tls', '1.0-1.1'], None,
                     (78, 'permanent', 'tls-alert', 'tls-no-common-version')),
    'handshake cut': ([], OFFER + f'{GO}\\r\\n"\ntls-raw ""\nfin\n',
                      (75, 'transient', 'tls-closed')),
    'handshake reset': ([], OFFER + f'{GO}\\r\\n"\ntls-raw ""\nrst\n',
                        (75, 'transient', 'tls-closed')),
}

INJECTED = {
    # what is sent with the 220, and what it is told as
    'B_1 lines': f'{GO}\\r\\n250-example.org\\r\\n250 AUTH LOGIN\\r\\n"\n',
    'ST-01': f'{GO}\\r\\n250-mx.evil\\r\\n250 AUTH LOGIN\\r\\n"\n',
    'ST-02 no line end': f'{GO}\\r\\n250-SMTPUTF8 INJECTED "\n',
    'one octet': f'{GO}\\r\\nx"\n',
    'a line feed': f'{GO}\\r\\n\\n"\n',
    'ST-05 an alert': f'{GO}\\r\\n{ALERT}"\n',
    'another 220': f'{GO}\\r\\n220 go\\r\\n"\n',
    'a 421': f'{GO}\\r\\n421 bye\\r\\n"\n',
    'in the next segment': f'{GO}\\r\\n"\ndelay 1\nsend "250-mx.evil\\r\\n250 AUTH LOGIN\\r\\n"\n',
    'after the ClientHello': f'{GO}\\r\\n"\ntls-raw "250-mx.evil\\r\\n250 AUTH LOGIN\\r\\n"\n',
    'after it, unended': f'{GO}\\r\\n"\ntls-raw "250-mx"\nfin\n',
    'after it, one octet': f'{GO}\\r\\n"\ntls-raw "x"\n',
    'after it, one octet and the end': f'{GO}\\r\\n"\ntls-raw "x"\nfin\n',
    '220 and plain EHLO': f'{GO}\\r\\n"\ntls-raw "220 still plain\\r\\n"\n',
    'octet by octet': f'seg 1 1\n{GO}\\r\\n250 x\\r\\n"\n',
}


def injected(cases, steps):
    script = OFFER + 'never "EHLO*"\nnever "AUTH*"\nnever "MAIL*"\nnever "QUIT*"\n' + steps
    listeners = [('1', 'starttls', [], script), ('2', 'implicit', [], None),
                 ('3', 'starttls', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2', '3'), box.values['CA'], user='user')
        failed(result, 78, 'permanent', 'starttls-injected')
        equal(len(result.attempts), 1, 'attempts', result)
        for name in '23':
            equal(box.opened(name), 0, 'connections elsewhere', *box.log(name))
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'))


def by_option(cases):
    """The same from the sandbox's own server, as its users do it."""
    for text in ('250 AUTH PLAIN\\r\\n', 'x'):
        listeners = [('1', 'starttls', ['--inject', text], None), ('2', 'implicit', [], None)]
        with cases.sandbox(*listeners, options=['--judge']) as box:
            result = cases.send(box.ports('1', '2'), box.values['CA'], user='user')
            failed(result, 78, 'permanent', 'starttls-injected')
            equal(box.opened('2'), 0, 'connections elsewhere')
            equal(box.violations(), [], 'violations')


STOPPED = {
    # malformed replies to STARTTLS: stop
    'ST-04 two codes': '220-x\\r\\n250 y',
    'ST-06 many replies': '454 no\\r\\n235 ok\\r\\n250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 done',
    'ST O_4 354': '354 do something else',
    '250': '250 ok',
    '221': '221 bye',
    'no code': 'go ahead',
    'NUL': '220 g\\0o',
    'LF alone': '220-a\\n220 go',
}


def stopped(cases, text):
    script = HELLO + 'send "250-e2e\\r\\n250 STARTTLS\\r\\n"\nnever "AUTH*"\nnever "MAIL*"\n' \
        f'never "RCPT*"\nnever "EHLO*"\nexpect "STARTTLS"\nsend "{text}\\r\\n"\n' + BYE
    listeners = [('1', 'starttls', [], script), ('2', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'], user='user')
        expect(result.error_id in ('starttls-malformed', 'starttls-injected'), result)
        expect(result.status in (76, 78), result)
        equal(result.outcome, 'permanent', 'outcome', result)
        equal(box.opened('2'), 0, 'connections elsewhere', *box.log('2'))
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'))


AFTER_TLS = {
    # steps after the handshake, exit status, outcome, ids
    'ST-07 nothing offered in TLS': (
        'expect "EHLO *"\nnever "AUTH*"\nnever "MAIL*"\nsend "250 hi\\r\\n"\n' + BYE,
        78, 'permanent', ['auth-not-offered']),
    'ST-09 no answer to EHLO': (
        'expect "EHLO *"\nnever "AUTH*"\nnever "MAIL*"\n', 75, 'transient',
        ['time-limit', 'tls-ehlo-timeout']),
    'ST-14 a second banner': (
        'never "AUTH*"\nnever "MAIL*"\nsend "220 hello\\r\\n"\nmaybe "EHLO *"\ndelay 100\n'
        'send "250-e2e\\r\\n250 AUTH PLAIN\\r\\n"\n' + BYE,
        76, 'permanent', ['tls-ehlo-malformed']),
    'EHLO 5xx in TLS': (
        'expect "EHLO *"\nnever "HELO*"\nnever "AUTH*"\nnever "MAIL*"\nsend "550 no\\r\\n"\n' + BYE,
        69, 'permanent', ['tls-ehlo-refused']),
    'EHLO 4xx in TLS': (
        'expect "EHLO *"\nnever "AUTH*"\nsend "451 no\\r\\n"\n' + BYE, 75, 'transient',
        ['tls-ehlo-busy']),
    'EHLO cut in TLS': ('expect "EHLO *"\nsend "250-e2e\\r\\n"\ntruncate\n', 75, 'transient',
                        ['tls-ehlo-closed']),
    'EHLO ended in TLS': ('expect "EHLO *"\nsend "250-e2e\\r\\n250 AUTH"\nfin\n', 75, 'transient',
                          ['tls-ehlo-closed']),
}


def after_tls(cases, steps, status, outcome, ids, mode):
    begin = UP if mode == 'starttls' else 'tls good\ngreet "220 e2e\\r\\n"\n'
    listeners = [('1', mode, [], begin + steps), ('2', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'], user='user', timeout=2)
        failed(result, status, outcome, *ids)
        nothing_said(box, '2', 'AUTH', 'MAIL')
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'))


def again_offered(cases):
    """ST-08: STARTTLS in the list inside TLS is nothing to act on."""
    script = TLS_HELLO + 'never "STARTTLS*"\nsend "250-e2e\\r\\n250-STARTTLS\\r\\n' \
        '250 AUTH PLAIN\\r\\n"\nexpect "AUTH PLAIN *"\nsend "235 ok\\r\\n"\n' + CONTENT + \
        'send "250 ok\\r\\n"\n' + BYE
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        accepted(cases.send(box.ports('1'), box.values['CA'], user='user'))
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'))


def legal(cases):
    """ST-03, ST-12, ST-13: what is odd but right goes on."""
    for offer, answer in [('250-e2e\\r\\n250 STARTTLS', '220-go\\r\\n220 go'),
                          ('250-e2e\\r\\n250 starttls', '220 go'),
                          ('250-e2e\\r\\n250-STARTTLS foo\\r\\n250 ', '220 go'),
                          ('250-e2e\\r\\n250 STARTTLS ', '220')]:
        script = HELLO + f'send "{offer}\\r\\n"\nexpect "STARTTLS"\nsend "{answer}\\r\\n"\n' \
            'tls good\n' + SIGNED[len(UP):] + CONTENT + 'send "250 ok\\r\\n"\n' + BYE
        with cases.sandbox(('1', 'starttls', [], script)) as box:
            accepted(cases.send(box.ports('1'), box.values['CA'], user='user'))
    for offer in ('250-e2e STARTTLS\\r\\n250 OK', '250 STARTTLS', '250-e2e\\r\\n250 XSTARTTLS',
                  '250-e2e\\r\\n250 STARTTLSX'):
        script = HELLO + f'never "STARTTLS*"\nsend "{offer}\\r\\n"\n' + BYE
        with cases.sandbox(('1', 'starttls', [], script)) as box:
            result = cases.send(box.ports('1'), box.values['CA'], user='user')
            failed(result, 78, 'permanent', 'starttls-missing')


def modes_mixed(cases):
    """ST-15, ST-16: TLS where plain text was set, and the other way round."""
    with cases.sandbox(('s', 'starttls', [], None), ('i', 'implicit', [], None)) as box:
        result = cases.send(f'{box.port("s")}/implicit', box.values['CA'], user='user')
        failed(result, 78, 'permanent', 'tls-mode-starttls-expected')
        nothing_said(box, 's', 'EHLO', 'AUTH', 'MAIL')
        result = cases.send(f'{box.port("i")}/starttls', box.values['CA'], user='user', timeout=2)
        expect(result.status in (75, 78), result)
        nothing_said(box, 'i', 'EHLO', 'AUTH', 'MAIL')
    # A port that speaks a record of TLS first.
    script = 'greet "\\x16\\x03\\x01\\x00\\x31\\x02\\x00\\x00\\x2d\\x03\\x03" "s"*200\n'
    with cases.sandbox(('1', 'none', [], script)) as box:
        result = cases.send(f'{box.port("1")}/starttls', box.values['CA'], user='user', timeout=5)
        expect(result.error_id in ('tls-mode-implicit-expected', 'greeting-not-smtp'), result)
        equal(result.outcome, 'permanent', 'outcome', result)
        expect('s' * 65 not in result.out, 'too much of the greeting is shown', result)
        expect('\x16' not in result.out, 'controls are shown', result)
    # Plain words on the implicit port, with the injection's words behind them.
    script = 'greet "220 hi\\r\\n250 AUTH PLAIN\\r\\n"\n'
    with cases.sandbox(('1', 'none', [], script), ('2', 'starttls', [], None)) as box:
        result = cases.send(f'{box.port("1")}/implicit,{box.ports("2")}', box.values['CA'],
                            user='user', timeout=5)
        failed(result, 78, 'permanent', 'tls-mode-starttls-expected')
        nothing_said(box, '2', 'AUTH', 'MAIL')


def half_open(cases):
    """ST-22: after the 220, silence."""
    script = OFFER + 'send "220 go\\r\\n"\nstop-read 1500\n'
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user', timeout=1)
        failed(result, 75, 'transient', 'time-limit', 'tls-timeout')
        nothing_said(box, '1', 'AUTH', 'MAIL')


def tests(cases):
    for name, (own, script, wanted) in STRIPPED.items():
        for other in (True, False):
            cases.run(f'{name}; {"an implicit port" if other else "no other way"}', stripped,
                      cases, own, script, other, wanted)
    for name, steps in INJECTED.items():
        cases.run(f'injected: {name}', injected, cases, steps)
    cases.run('injected by --inject', by_option, cases)
    for name, text in STOPPED.items():
        cases.run(f'stops: {name}', stopped, cases, text)
    for name, row in AFTER_TLS.items():
        for mode in ('starttls', 'implicit'):
            cases.run(f'{name}, {mode}', after_tls, cases, *row, mode)
    cases.run('ST-08 offered again', again_offered, cases)
    cases.run('ST-03, ST-12, ST-13', legal, cases)
    cases.run('ST-15, ST-16 modes mixed up', modes_mixed, cases)
    cases.run('ST-22 half open', half_open, cases)


e2e.main(tests)
