# SPDX-License-Identifier: LGPL-2.1-or-later
"""Outcomes over real connections: refusals at every stage, and connections lost at every stage."""

import e2e
from e2e import (BYE, CONTENT, ENVELOPE, HELLO, OFFER, OPEN, SIGNED, TLS_HELLO, accepted, equal,
                 expect, failed)

THREE = ('a@example.com', 'bad@example.com', 'c@example.com')
MAIL = 'expect "MAIL FROM:*"\n'
RCPT = 'expect "RCPT TO:*"\n'
OK = 'send "250 ok\\r\\n"\n'


def one_of_three(cases):
    for mode in ('starttls', 'implicit'):
        listeners = [('s', mode, ['--refuse-recipient', 'bad@*'], None)]
        with cases.sandbox(*listeners, options=['--judge']) as box:
            result = cases.send(box.ports('s'), box.values['CA'], user='user', to=THREE)
            failed(result, 69, 'partial', 'recipient-refused')
            equal([(r['address'], r['outcome'], r['code'], r['status']) for r in result.recipients],
                  [('a@example.com', 'accepted', 250, '2.0.0'),
                   ('bad@example.com', 'permanent', 550, '5.1.1'),
                   ('c@example.com', 'accepted', 250, '2.0.0')], 'recipients', result)
            equal([m.endswith(e2e.MESSAGE_CRLF) or m.replace(b'\r\n', b'\n').endswith(e2e.MESSAGE)
                   for m in box.messages()], [True], 'messages')
            equal(box.violations(), [], 'violations')


def refusals(cases, own, to, status, outcome, ids, each, without):
    """The sandbox as a server that refuses; each: the recipients' outcomes."""
    more = ['--without', 'PIPELINING,CHUNKING'] if without else []
    if own[1].startswith('DATA'):
        more += ['--without', 'CHUNKING'] # else there is no DATA
    listeners = [('s', 'starttls', own + more, None), ('t', 'implicit', [], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        result = cases.send(box.ports('s', 't'), box.values['CA'], user='user', to=to)
        failed(result, status, outcome, *ids)
        equal([r['outcome'] for r in result.recipients], each, 'recipients', result)
        equal(box.opened('t'), 0, 'connections elsewhere') # after MAIL nothing is tried again
        equal(len(box.messages()), 1 if outcome == 'partial' else 0, 'messages')
        equal(box.violations(), [], 'violations')


REFUSALS = {
    'all recipients, for good': (['--refuse-recipient', '*'], THREE, 69, 'permanent',
                                 ['recipient-refused'], ['permanent'] * 3),
    'all recipients, for now': (['--refuse-recipient', '*=450 4.7.1 greylisted'], THREE, 75,
                                'transient', ['greylisted'], ['transient'] * 3),
    'all recipients, mixed': (['--refuse-recipient', '*=451 4.7.1 x',
                               '--refuse-recipient', 'bad@*'],
                              THREE, 75, 'transient', ['greylisted'],
                              ['transient', 'permanent', 'transient']),
    'some for now': (['--refuse-recipient', 'bad@*=451 4.7.1 later'], THREE, 69, 'partial',
                     ['greylisted'], ['accepted', 'transient', 'accepted']),
    '552 is for now': (['--refuse-recipient', 'bad@*=552 too many'], THREE, 69, 'partial',
                       ['recipient-refused'], ['accepted', 'transient', 'accepted']),
    'one recipient alone': (['--refuse-recipient', '*'], THREE[:1], 69, 'permanent',
                            ['recipient-refused'], ['permanent']),
    'sender for good': (['--refuse-sender', '*'], THREE, 69, 'permanent', ['sender-not-allowed'],
                        ['permanent'] * 3),
    'sender for now': (['--refuse-sender', '*=451 4.7.1 later'], THREE, 75, 'transient',
                       ['service-busy'], ['transient'] * 3),
    'sender: 530': (['--refuse-sender', '*=530 5.7.0 sign in'], THREE, 77, 'permanent',
                    ['auth-required'], ['permanent'] * 3),
    'DATA for good': (['--reply', 'DATA=554 5.7.1 no'], THREE, 69, 'permanent', ['data-refused'],
                      ['permanent'] * 3),
    'DATA for now': (['--reply', 'DATA=451 4.3.0 no'], THREE, 75, 'transient', ['service-busy'],
                     ['transient'] * 3),
    'content for good': (['--reply', 'DOT=554 5.6.0 spam'], THREE, 69, 'permanent',
                         ['content-refused'], ['permanent'] * 3),
    'content for now': (['--reply', 'DOT=452 4.3.1 full'], THREE, 75, 'transient',
                        ['service-busy'], ['transient'] * 3),
    'content, one refused before': (
        ['--reply', 'DOT=451 4.3.1 full', '--refuse-recipient', 'bad@*'], THREE, 75, 'transient',
        ['service-busy'], ['transient', 'permanent', 'transient']),
}


def lone_dot(cases, replies, status, outcome):
    """Nobody is left and the 354 comes all the same: a lone dot, and no acceptance by it."""
    script = OPEN + 'never "QUIT x"\n' + MAIL + RCPT + RCPT + 'expect "DATA"\n' \
        f'send "{replies}354 go\\r\\n"\nlimit-octets 15\nexpect-data\nsend "250 accepted\\r\\n"\n' \
        'maybe "RSET"\nsend "250 ok\\r\\n"\n' + BYE
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], to=THREE[:2])
        equal(result.status, status, 'exit', result, *box.log('1'))
        equal(result.outcome, outcome, 'outcome', result)
        equal(result.json['queue_id'] or '', '', 'queue id', result)
        box.quiet('1')
        equal(box.violations(), [], 'violations', *box.log('1'))
        expect('content 0 octets' in box.said('1', '*'), 'no lone dot', *box.log('1'))


# Where a 421 or a lost connection strikes: the steps up to there.
STAGES = {
    'greeting': ('', 'greeting'),
    'EHLO': (HELLO, 'ehlo'),
    'STARTTLS': (OFFER, 'starttls'),
    'EHLO in TLS': (TLS_HELLO, 'tls-ehlo'),
    'AUTH': (SIGNED[:SIGNED.index('send "235')], 'auth'),
    'MAIL': (SIGNED + MAIL, 'mail'),
    'RCPT': (SIGNED + MAIL + OK + RCPT, 'mail'),
    'DATA': (SIGNED + ENVELOPE, 'mail'),
    'dot': (SIGNED + CONTENT, 'dot'),
}
SERVICE = ['service-closing', 'connection-lost']
CLOSING = {
    'greeting': ['greeting-busy', 'greeting-closed'],
    'ehlo': ['ehlo-busy', 'ehlo-closed'],
    'starttls': ['starttls-busy', 'starttls-closed'],
    'tls-ehlo': ['tls-ehlo-busy', 'tls-ehlo-closed'],
    'auth': ['auth-busy', 'auth-closed'],
    'mail': SERVICE,
    'dot': SERVICE + ['content-refused'],
}
LOST = {
    'greeting': ['greeting-closed', 'connect-refused'], # a reset may come before it is looked at
    'ehlo': ['ehlo-closed'],
    'starttls': ['starttls-closed'],
    'tls-ehlo': ['tls-ehlo-closed'],
    'auth': ['auth-closed'],
    'mail': ['connection-lost'],
    'dot': ['lost-after-content'],
}


def closing(cases, steps, kind):
    """421: for now, everywhere, after the dot too."""
    script = steps + 'never "RSET"\nsend "421 4.3.2 going down\\r\\n"\nfin\n' \
        'repeat 3\nmaybe "*"\nend\n' # the rest of its group of commands
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user')
        failed(result, 75, 'transient', *CLOSING[kind])
        equal([r['outcome'] for r in result.recipients], ['transient'], 'recipients', result)
        equal(box.violations(), [], 'violations', *box.log('1'))


def lost(cases, steps, kind, how, part):
    """The end of the connection there, or inside the reply."""
    tls = kind not in ('greeting', 'ehlo', 'starttls')
    if how == 'truncate' and not tls:
        how = 'fin'
    script = steps + part + how + '\n'
    with cases.sandbox(('1', 'starttls', [], script)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user', timeout=20)
        if kind == 'dot':
            failed(result, 74, 'in-doubt', 'lost-after-content')
            expect(result.json.get('message_id'), 'no Message-ID to look for', result)
        else:
            failed(result, 75, 'transient', *LOST[kind])
        equal([r['outcome'] for r in result.recipients], [result.outcome], 'recipients', result)
        equal(box.opened('1'), 1, 'connections', *box.log('1')) # nothing is sent a second time


AFTER_DOT = {
    # replies to the dot that are none
    'no reply at all': ('fin\n', 'lost-after-content'),
    'half a reply': ('send "250 2.0"\nfin\n', 'lost-after-content'),
    'half a reply, truncated': ('send "250 2.0"\ntruncate\n', 'lost-after-content'),
    'half a refusal': ('send "550 5.7.1 no"\nfin\n', 'lost-after-content'),
    'CR without LF': ('send "250 ok\\r"\nfin\n', 'lost-after-content'),
    'first of two lines': ('send "250-ok\\r\\n"\nfin\n', 'lost-after-content'),
    'two codes': ('send "250-ok\\r\\n550 no\\r\\n"\n', 'protocol-error-after-content'),
    'LF alone': ('send "250 ok\\n"\n', 'protocol-error-after-content'),
    '354 again': ('send "354 go\\r\\n"\n', 'protocol-error-after-content'),
    'no code': ('send "thanks\\r\\n"\n', 'protocol-error-after-content'),
    'a line too long': ('send "250 " "x"*100000 "\\r\\n"\n', 'protocol-error-after-content'),
    'reset': ('rst\n', 'lost-after-content'),
}


def after_dot(cases, steps, fault, without):
    offer = 'send "250-e2e\\r\\n250 SIZE\\r\\n"\n' if without else OPEN[len(TLS_HELLO):]
    script = TLS_HELLO + offer + CONTENT + steps
    with cases.sandbox(('1', 'starttls', [], script), ('2', 'implicit', [], None)) as box:
        result = cases.send(box.ports('1', '2'), box.values['CA'], timeout=10)
        failed(result, 74, 'in-doubt', fault)
        equal(box.opened('1') + box.opened('2'), 1, 'connections', *box.log())


GOOD_ENDS = {
    'cut behind the reply': 'send "250 2.0.0 ok\\r\\n"\ntruncate\n',
    'reset behind the reply': 'send "250 2.0.0 ok\\r\\n"\ndelay 50\nrst\n',
    'octet by octet': 'seg 1\nsend "250-2.0.0 queued\\r\\n250 2.0.0 ok\\r\\n"\n' + BYE,
    '251': 'send "251 ok\\r\\n"\n' + BYE,
    'bare code': 'send "250\\r\\n"\n' + BYE,
    'refused QUIT': 'send "250 ok\\r\\n"\nmaybe "QUIT"\nsend "500 what?\\r\\n"\n',
    'junk for QUIT': 'send "250 ok\\r\\n"\nmaybe "QUIT"\nsend "\\0\\xff\\r\\n"\n',
}


def good_end(cases, steps):
    with cases.sandbox(('1', 'starttls', [], OPEN + CONTENT + steps)) as box:
        accepted(cases.send(box.ports('1'), box.values['CA']))


def early_reply(cases):
    """A refusal in the middle of the content ends it, without the dot (Postfix does so)."""
    big = e2e.MESSAGE + b'x' * 70 + b'\n'
    big += (b'y' * 70 + b'\n') * 100000
    for code, status, outcome in (('552 5.3.4 too big', 69, 'permanent'),
                                  ('452 4.3.1 full', 75, 'transient'),
                                  ('421 4.3.2 bye', 75, 'transient')):
        script = OPEN + ENVELOPE + f'send "354 go\\r\\n"\nexpect "From:*"\nsend "{code}\\r\\n"\n' \
            'stop-read 300\n'
        with cases.sandbox(('1', 'starttls', [], script)) as box:
            result = cases.send(box.ports('1'), box.values['CA'], message=big, timeout=20)
            equal(result.status, status, 'exit', result)
            equal(result.outcome, outcome, 'outcome', result)
            expect(result.error_id != 'time-limit', result)


def cut_in_content(cases):
    """The connection goes while the content is on its way: nothing is in doubt."""
    big = e2e.MESSAGE + (b'y' * 70 + b'\n') * 100000
    for how in ('rst', 'fin\nstop-read 100\nrst'):
        script = OPEN + ENVELOPE + f'send "354 go\\r\\n"\nexpect "From:*"\n{how}\n'
        with cases.sandbox(('1', 'starttls', [], script)) as box:
            result = cases.send(box.ports('1'), box.values['CA'], message=big, timeout=20)
            failed(result, 75, 'transient', 'connection-lost')


MALFORMED = {
    # a reply that is none, by the stage it comes at: never in doubt before the dot
    'MAIL': (SIGNED + MAIL, ['250 ok\\n', '25 x\\r\\n', '354 go\\r\\n', '334 \\r\\n',
                             '235 ok\\r\\n',
                             '250-a\\r\\n550 b\\r\\n', '\\r\\n', '250 \\0\\r\\n']),
    'RCPT': (SIGNED + MAIL + OK + RCPT, ['354 go\\r\\n', '999 x\\r\\n', '250\\tok\\r\\n']),
    'DATA': (SIGNED + ENVELOPE, ['250 ok\\r\\n', '334 x\\r\\n', '355 go\\r\\n', '220 x\\r\\n']),
}


def malformed(cases, steps, text):
    with cases.sandbox(('1', 'starttls', [], steps + f'send "{text}"\n' + BYE)) as box:
        result = cases.send(box.ports('1'), box.values['CA'], user='user', timeout=10)
        failed(result, 76, 'permanent', 'protocol-error')
        box.quiet('1')
        said = box.said('1')
        expect('.\\r\\n' not in said, 'a dot', *said)


def tests(cases):
    cases.run('one of three recipients refused', one_of_three, cases)
    for name, row in REFUSALS.items():
        for without in (False, True):
            cases.run(f'{name}{", nothing pipelined" if without else ""}', refusals, cases, *row,
                      without)
    for name, replies, status, outcome in [
            ('5xx', '250 ok\\r\\n550 no\\r\\n550 no\\r\\n', 69, 'permanent'),
            ('4xx', '250 ok\\r\\n450 no\\r\\n450 no\\r\\n', 75, 'transient'),
            ('mixed', '250 ok\\r\\n550 no\\r\\n450 no\\r\\n', 75, 'transient'),
            ('sender refused', '550 no\\r\\n503 no\\r\\n503 no\\r\\n', 69, 'permanent')]:
        cases.run(f'354 for nobody: {name}', lone_dot, cases, replies, status, outcome)
    for name, (steps, kind) in STAGES.items():
        cases.run(f'421 at {name}', closing, cases, steps, kind)
        for how in ('fin', 'truncate', 'rst'):
            for part in ('', 'send "2"\n', 'send "250-x\\r\\n"\n'):
                if how == 'rst' and part:
                    continue
                if name == 'greeting' and part.startswith('send "250'):
                    part = part.replace('250', '220')
                if name in ('STARTTLS', 'AUTH'):
                    part = part.replace('250', '220' if name == 'STARTTLS' else '235')
                if name == 'DATA':
                    part = part.replace('250', '354')
                cases.run(f'{how} at {name} behind {part.strip() or "nothing"}', lost, cases, steps,
                          kind, how, part)
    for name, (steps, fault) in AFTER_DOT.items():
        for without in (False, True):
            cases.run(f'after the dot: {name}{", nothing pipelined" if without else ""}', after_dot,
                      cases, steps, fault, without)
    for name, steps in GOOD_ENDS.items():
        cases.run(f'accepted: {name}', good_end, cases, steps)
    cases.run('a refusal inside the content', early_reply, cases)
    cases.run('cut inside the content', cut_in_content, cases)
    for name, (steps, texts) in MALFORMED.items():
        for text in texts:
            cases.run(f'malformed at {name}: {text}', malformed, cases, steps, text)


e2e.main(tests)
