# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every mechanism and odd passwords, by both TLS modes; refusals; servers that cheat."""

import base64

import e2e
from e2e import EXTENSIONS, TLS_HELLO, accepted, equal, expect, failed, nothing_said

MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256']
PASSWORDS = {
    'spaces': ' a  b ',
    'quotes': '"it\'s"',
    'backslash': 'a\\b\\\\n',
    'SCRAM marks': 'a=2C,b=,',
    'not ASCII': 'pässwörd-日本',
    'long': 'x0123456789' * 36 + 'end',
    'percent and colon': '%41:@/?#',
}
# Sign-in is over TLS 1.3 or 1.2; after this the script decides.
OFFER = TLS_HELLO + f'send "250-e2e\\r\\n{EXTENSIONS}250 AUTH %s\\r\\n"\n'


def b64(text):
    return base64.b64encode(text.encode()).decode()


def auths(box, name):
    return [line for line in box.said(name) if line.upper().startswith('AUTH')]


def password(cases, mechanism, what):
    secret = PASSWORDS[what]
    listeners = [(mode, mode, ['--mechanisms', mechanism], None)
                 for mode in ('starttls', 'implicit')]
    with cases.sandbox(*listeners, options=['--judge', '--user', f'user:{secret}']) as box:
        for mode in ('starttls', 'implicit'):
            result = cases.send(box.ports(mode), box.values['CA'], user='user', password=secret,
                                options=['--trace'])
            accepted(result)
            equal(result.route['mechanism'], mechanism, 'mechanism')
            equal(len(auths(box, mode)), 1, 'AUTH commands', *box.log(mode))
            first = auths(box, mode)[0]
            if mechanism == 'PLAIN':
                blob = b64(f'\0user\0{secret}')
                # An initial response that makes the line too long is held back (RFC 4954 4).
                held = len(f'AUTH PLAIN {blob}\r\n') > 512
                equal(held, what == 'long', 'a case for it')
                equal(first, 'AUTH PLAIN\\r\\n' if held else f'AUTH PLAIN {blob}\\r\\n', 'AUTH')
                expect(blob not in result.err, 'the blob is in the trace', result)
            expect(secret not in result.err and b64(secret) not in result.err, 'in the trace',
                   result)
            equal(len(box.messages()), 1 if mode == 'starttls' else 2, 'messages')
        equal(box.violations(), [], 'violations')


def choice(cases, offered, allowed, wanted):
    listeners = [('s', 'starttls', ['--mechanisms', offered], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        options = ['--auth', allowed] if allowed else []
        result = cases.send(box.ports('s'), box.values['CA'], user='user', options=options)
        if wanted:
            accepted(result)
            equal(result.route['mechanism'], wanted, 'mechanism', result)
            equal(len(auths(box, 's')), 1, 'AUTH commands')
        else:
            failed(result, 78, 'permanent', 'auth-no-mechanism') # a setting, not the password
            nothing_said(box, 's', 'AUTH', 'MAIL')
        equal(box.violations(), [], 'violations')


def wrong(cases, mechanism, mode):
    """One AUTH, on one port, and no weaker mechanism after it."""
    own = ['--mechanisms', mechanism]
    listeners = [('a', mode, own, None), ('b', 'starttls', [], None), ('c', 'implicit', [], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        result = cases.send(box.ports('a', 'b', 'c'), box.values['CA'], user='user',
                            password='wrong')
        failed(result, 77, 'permanent', 'auth-refused')
        box.quiet('a')
        equal(len(auths(box, 'a')), 1, 'AUTH commands', *box.log('a'))
        nothing_said(box, 'a', 'MAIL', 'RCPT', 'DATA')
        for name in 'bc':
            nothing_said(box, name, 'AUTH', 'MAIL')
        equal(box.violations(), [], 'violations')


def not_offered(cases, mode):
    listeners = [('a', mode, ['--without', 'AUTH'], None), ('b', 'starttls', [], None),
                 ('c', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('a', 'b', 'c'), box.values['CA'], user='user')
        failed(result, 78, 'permanent', 'auth-not-offered')
        for name in 'abc':
            nothing_said(box, name, 'AUTH', 'MAIL')


def refused(cases, reply, status, outcome, ids):
    listeners = [('a', 'starttls', ['--reply', f'AUTH={reply}'], None),
                 ('b', 'starttls', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('a', 'b'), box.values['CA'], user='user',
                            options=['--auth', 'PLAIN'])
        failed(result, status, outcome, *ids)
        equal(len(auths(box, 'a')), 1, 'AUTH commands', *box.log('a'))
        nothing_said(box, 'a', 'MAIL')
        nothing_said(box, 'b', 'AUTH', 'MAIL')


SCRAM = OFFER % 'SCRAM-SHA-256 PLAIN' + 'never "AUTH PLAIN*"\nnever "MAIL *"\n' \
    'expect "AUTH SCRAM-SHA-256 *"\n'
FIRST = 'challenge "r=%n{extra},s=QSXCR+Q6sek8bf92,i={count}"\n'
CANCEL = 'expect "\\*"\nsend "501 cancelled\\r\\n"\n'
PROTOCOL, UNSAFE, UNPROVEN = 'auth-malformed', 'auth-challenge-unsafe', 'auth-server-unproven'


def first(extra='abcdefgh', count='4096', tail=''):
    return FIRST.format(extra=extra, count=count).replace('"\n', tail + '"\n')


CHEATS = {
    # what the server does behind AUTH SCRAM-SHA-256, and the faults that name it
    'S-04 235 at once': ('send "235 ok\\r\\n"\n', [UNPROVEN]),
    'S-04 235 for the proof': (first() + 'expect "*"\nsend "235 ok\\r\\n"\n', [UNPROVEN]),
    'S-07 i=1': (first(count='1') + CANCEL, [UNSAFE]),
    'S-07 i=4095': (first(count='4095') + CANCEL, [UNSAFE]),
    'S-07 i=0': (first(count='0') + CANCEL, [UNSAFE, PROTOCOL]),
    'S-07 i=1000001': (first(count='1000001') + CANCEL, [UNSAFE]),
    'S-07 i=4294967297': (first(count='4294967297') + CANCEL, [UNSAFE, PROTOCOL]),
    'S-07 i=2^64+1': (first(count='18446744073709551617') + CANCEL, [UNSAFE, PROTOCOL]),
    'S-07 i=04096': (first(count='04096') + CANCEL, [UNSAFE, PROTOCOL]),
    'S-07 i=4096x': (first(count='4096x') + CANCEL, [UNSAFE, PROTOCOL]),
    'S-07 no count': ('challenge "r=%nabc,s=QSXCR+Q6sek8bf92"\n' + CANCEL, [UNSAFE, PROTOCOL]),
    'S-08 our nonce alone': (first(extra='') + CANCEL, [UNSAFE, PROTOCOL, UNPROVEN]),
    'S-08 other nonce': ('challenge "r=other,s=QSXCR+Q6sek8bf92,i=4096"\n' + CANCEL,
                         [UNSAFE, PROTOCOL, UNPROVEN]),
    'S-08 no salt': ('challenge "r=%nabc,s=,i=4096"\n' + CANCEL, [UNSAFE, PROTOCOL]),
    'S-08 bad salt': ('challenge "r=%nabc,s=!!,i=4096"\n' + CANCEL, [UNSAFE, PROTOCOL]),
    'S-08 m=': ('challenge "m=x,r=%nabc,s=QSXCR+Q6sek8bf92,i=4096"\n' + CANCEL,
                [UNSAFE, PROTOCOL]),
    'S-08 NUL': ('challenge "r=%nabc\\0,s=QSXCR+Q6sek8bf92,i=4096"\n' + CANCEL,
                 [UNSAFE, PROTOCOL]),
    'S-09 wrong proof': (first() + f'expect "*"\nchallenge "v={"A" * 43}="\nexpect-any\n'
                         'send "235 ok\\r\\n"\n', [UNPROVEN]),
    'S-09 e=': (first() + 'expect "*"\nchallenge "e=other-error"\nexpect-any\n'
                'send "235 ok\\r\\n"\n', [UNPROVEN, PROTOCOL, 'auth-refused']),
    'S-10 not base64': ('send "334 =AAA\\r\\n"\n' + CANCEL, [PROTOCOL]),
    'S-10 padding inside': ('send "334 AAA=BBB\\r\\n"\n' + CANCEL, [PROTOCOL]),
    'S-10 words': ('send "334 NTLM supported\\r\\n"\n' + CANCEL, [PROTOCOL]),
    'S-11 a line too long': ('send "334 " "A"*100000 "\\r\\n"\n', [PROTOCOL]),
    'S-15 250': ('send "250 ok\\r\\n"\n', [PROTOCOL, UNPROVEN]),
    'S-15 251': ('send "251 ok\\r\\n"\n', [PROTOCOL, UNPROVEN]),
    '354': ('send "354 go\\r\\n"\n', [PROTOCOL]),
}


def cheat(cases, steps, ids):
    listeners = [('1', 'starttls', [], SCRAM + steps + e2e.BYE), ('2', 'starttls', [], None),
                 ('3', 'implicit', [], None)]
    with cases.sandbox(*listeners) as box:
        result = cases.send(box.ports('1', '2', '3'), box.values['CA'], user='user',
                            options=['--trace'])
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'), result)
        expect(result.status in (76, 77), 'exit', result)
        equal(result.outcome, 'permanent', 'outcome', result)
        expect(result.error_id in ids, f'id {result.error_id}, expected {ids}', result)
        for name in '23':
            nothing_said(box, name, 'AUTH', 'MAIL')
        nothing_said(box, '1', 'MAIL')


def endless(cases):
    """S-16: challenges without end are left after a few rounds."""
    for mechanism in ('LOGIN', 'SCRAM-SHA-256', 'CRAM-MD5'):
        script = OFFER % mechanism + f'never "MAIL *"\nexpect "AUTH {mechanism}*"\nrepeat 20\n' \
            'send "334 QnVHZ1liVWdHeQ==\\r\\n"\nmaybe "*"\nend\n'
        with cases.sandbox(('1', 'starttls', [], script)) as box:
            result = cases.send(box.ports('1'), box.values['CA'], user='user')
            expect(result.status in (76, 77), result)
            box.quiet('1')
            rounds = sum(line.startswith('334') for line in box.said('1', 'S'))
            expect(rounds <= 10, f'{rounds} rounds', *box.log('1'))
            equal(box.violations(), [], 'violations')


def third_prompt(cases):
    """S-13: LOGIN has two answers; whoever asks for more gets a star."""
    script = OFFER % 'LOGIN' + (
        'never "MAIL *"\nexpect "AUTH LOGIN"\nsend "334 VXNlcm5hbWU6\\r\\n"\n'
        f'expect "{b64("user")}"\nsend "334 UGFzc3dvcmQ6\\r\\n"\n'
        f'expect "{b64("password")}"\nsend "334 QWdhaW46\\r\\n"\n' + CANCEL + e2e.BYE)
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user')
        expect(result.status in (76, 77), result)
        equal(box.violations(), [], 'violations')


def lists(cases):
    """S-02: what was offered before TLS is forgotten; AUTH lines are merged."""
    script = (e2e.HELLO + 'send "250-e2e\\r\\n250-AUTH SCRAM-SHA-256 LOGIN\\r\\n'
              '250 STARTTLS\\r\\n"\n'
              'expect "STARTTLS"\nsend "220 go\\r\\n"\ntls good\nexpect "EHLO *"\n'
              'send "250-e2e\\r\\n250-AUTH=LOGIN\\r\\n250-auth\\r\\n250-AUTH NTLM\\r\\n'
              '250 AUTH plain\\r\\n"\nexpect "AUTH PLAIN *"\nsend "235 ok\\r\\n"\n'
              'expect "MAIL FROM:<sender@example.org>"\nsend "250 ok\\r\\n"\nexpect "RCPT *"\n'
              'send "250 ok\\r\\n"\nexpect "DATA"\nsend "354 go\\r\\n"\nexpect-data\n'
              'send "250 ok\\r\\n"\n' + e2e.BYE)
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user')
        accepted(result)
        box.quiet('1')
        equal(box.violations(), [], 'violations')


def in_clear(cases):
    """Without TLS a password goes to this machine only, and only where that was asked for."""
    with cases.sandbox(('a', 'none', ['--plain-auth'], None)) as box:
        result = cases.send(f'{box.port("a")}/none', box.values['CA'], user='user')
        accepted(result)
        # Required TLS, and a server that has none but offers AUTH in clear.
        result = cases.send(f'{box.port("a")}/starttls', box.values['CA'], user='user')
        failed(result, 78, 'permanent', 'starttls-missing')
        box.quiet('a')
        equal(len(auths(box, 'a')), 1, 'AUTH commands')


def tests(cases):
    for mechanism in MECHANISMS:
        for what in PASSWORDS:
            cases.run(f'{mechanism}, password: {what}', password, cases, mechanism, what)
        for mode in ('starttls', 'implicit'):
            cases.run(f'{mechanism}, wrong password by {mode}', wrong, cases, mechanism, mode)
    every = ' '.join(MECHANISMS)
    for offered, allowed, wanted in [
            (every, None, 'SCRAM-SHA-256'), ('PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1', None,
                                             'SCRAM-SHA-1'),
            ('CRAM-MD5 LOGIN PLAIN', None, 'PLAIN'), ('CRAM-MD5 LOGIN', None, 'LOGIN'),
            (every, 'LOGIN,PLAIN', 'LOGIN'), (every, 'plain', 'PLAIN'),
            (every, 'CRAM-MD5', 'CRAM-MD5'), ('PLAIN LOGIN', 'SCRAM-SHA-256,SCRAM-SHA-1', None),
            ('OAUTHBEARER XOAUTH2', None, None)]:
        cases.run(f'of {offered}, allowed {allowed}: {wanted}', choice, cases, offered, allowed,
                  wanted)
    for mode in ('starttls', 'implicit'):
        cases.run(f'AUTH is not offered by {mode}', not_offered, cases, mode)
    for reply, status, outcome, ids in [
            ('535 5.7.8 no', 77, 'permanent', ['auth-refused']),
            ('535 5.7.139 basic is off', 77, 'permanent', ['auth-password-disabled']),
            ('504 5.5.4 unknown', 77, 'permanent', ['auth-mechanism-refused', 'auth-refused']),
            ('534 5.7.9 too weak', 77, 'permanent', ['auth-mechanism-refused', 'auth-refused']),
            ('530 5.7.0 must', 77, 'permanent', ['auth-refused', 'auth-needs-tls']),
            ('538 5.7.11 encrypt', 77, 'permanent', ['auth-needs-tls', 'auth-refused']),
            ('454 4.7.0 later', 75, 'transient', ['auth-busy']),
            ('432 4.7.12 transition', 77, 'permanent', ['auth-refused']),
            ('421 4.7.0 bye', 75, 'transient', ['auth-busy', 'auth-closed', 'service-closing'])]:
        cases.run(f'AUTH: {reply}', refused, cases, reply, status, outcome, ids)
    for name, (steps, ids) in CHEATS.items():
        cases.run(f'SCRAM {name}', cheat, cases, steps, ids)
    cases.run('S-16 challenges without end', endless, cases)
    cases.run('S-13 a third prompt', third_prompt, cases)
    cases.run('S-02 lists before and after TLS', lists, cases)
    cases.run('in clear', in_clear, cases)


e2e.main(tests)
