# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mechanisms beyond the usual ones, tokens, refusals by mechanism, and what is remembered."""

import base64
import os

import e2e
from driven import accepted, auths, count, drive, failed, one, tells, words
from e2e import TLS_HELLO, equal, expect, nothing_said

BEARERS = ['OAUTHBEARER', 'XOAUTH2']
EVERY = ('SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 '
         'DIGEST-MD5 ANONYMOUS OAUTHBEARER XOAUTH2')
GOOD = ['--token', 'user:g00d-token']


def tokens(box, value, name='s'):
    return words(box, name, user=None) + [f'token=user:{value}']


def named(cases, mechanism):
    """By name, by both modes; the server's libgsasl agrees."""
    listeners = [(mode, mode, ['--mechanisms', EVERY], None) for mode in ('starttls', 'implicit')]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        for mode in ('starttls', 'implicit'):
            login = None if mechanism == 'ANONYMOUS' else 'user:password'
            accepted(one(cases, *words(box, mode, user=login), f'mechanisms={mechanism}', 'send'),
                     mechanism)
            tells(box, mode, f'by {mechanism}')
            if mechanism != 'ANONYMOUS':
                answer = one(cases, *words(box, mode, user='user:wrong'),
                             f'mechanisms={mechanism}', 'send')
                failed(answer, 'auth-refused')
        equal(box.violations(), [], 'violations')


def never_unasked(cases):
    """What must be named is not used because a server offers nothing else."""
    offer = 'DIGEST-MD5 ANONYMOUS EXTERNAL'
    with cases.sandbox(('s', 'starttls', ['--mechanisms', offer], None)) as box:
        failed(one(cases, *words(box, 's'), 'send'), 'auth-no-mechanism')
        nothing_said(box, 's', 'AUTH', 'MAIL')


def ntlm(cases):
    """A challenge with flags, target and nonce, in the form of MS-NLMP 2.2.1.2."""
    challenge = ('NTLMSSP\\0\\x02\\0\\0\\0\\0\\0\\0\\0\\x30\\0\\0\\0\\x01\\x02\\0\\0'
                 '\\x01\\x23\\x45\\x67\\x89\\xab\\xcd\\xef' + '\\0' * 8 + '\\0' * 8)
    script = TLS_HELLO + 'send "250-e2e\\r\\n250 AUTH NTLM\\r\\n"\nexpect "AUTH NTLM *"\n' \
        f'challenge "{challenge}"\nexpect "TlRMTVNTUAAD*"\nsend "235 ok\\r\\n"\n' + \
        e2e.CONTENT + 'send "250 ok\\r\\n"\n' + e2e.BYE
    with cases.sandbox(('s', 'starttls', [], script)) as box:
        accepted(one(cases, *words(box, 's'), 'mechanisms=NTLM', 'send'), 'NTLM')
        box.quiet('s')
        equal(box.violations(), [], 'violations', *box.log('s'))


# ---- tokens ----

def token(cases, mechanism, mode):
    with cases.sandbox(('s', mode, ['--mechanisms', mechanism], None),
                       options=['--judge', *GOOD]) as box:
        answer = one(cases, *tokens(box, 'g00d-token'), 'trace=1', 'send')
        accepted(answer, mechanism)
        equal(answer.asked, 1, 'times asked')
        expect('g00d-token' not in answer.err and b64('g00d-token') not in answer.err,
               'the token is in the trace', answer)
        equal(len(auths(box, 's')), 1, 'AUTH')
        equal(box.violations(), [], 'violations')


def b64(text):
    return base64.b64encode(text.encode()).decode()


def renewed(cases, mechanism, own):
    """A token that the server refuses is renewed once, with what the server said of it."""
    error = '{"status":"401","why":"it has expired"}'
    options = ['--mechanisms', mechanism, *own]
    if '--token-at-once' not in own:
        options += ['--token-error', error]
    with cases.sandbox(('s', 'starttls', options, None), options=['--judge', *GOOD]) as box:
        answer = one(cases, *tokens(box, 'old-token g00d-token'), 'send')
        accepted(answer, mechanism)
        equal(answer.asked, 2, 'times asked', answer)
        if '--token-at-once' in own:
            expect(answer.refusal, 'what the server said', answer)
        else:
            equal(answer.refusal, error, 'what the server said', answer)
            tells(box, 's', 'the error was answered as it should be')


def refused(cases, mechanism, own):
    """... and only once, with no other mechanism or port after it."""
    listeners = [('s', 'starttls', ['--mechanisms', f'{mechanism} PLAIN', *own], None),
                 ('t', 'implicit', [], None)]
    with cases.sandbox(*listeners, options=GOOD) as box:
        answer = one(cases, *words(box, 's', 't', user=None), 'token=user:a b c', 'send')
        failed(answer, 'auth-token-refused')
        equal(answer.asked, 2, 'times asked', answer)
        expect(len(auths(box, 's')) <= 2, 'AUTH', *box.log('s'))
        nothing_said(box, 's', 'MAIL', 'AUTH PLAIN')
        nothing_said(box, 't', 'AUTH', 'MAIL')


def same_again(cases, mechanism):
    """The same token once more is not sent once more."""
    with cases.sandbox(('s', 'starttls', ['--mechanisms', mechanism], None), options=GOOD) as box:
        answer = one(cases, *tokens(box, 'old-token'), 'send')
        failed(answer, 'auth-token-refused')
        equal(len(auths(box, 's')), 1, 'AUTH', *box.log('s'))


def runs_out(cases, mechanism):
    """A token that ends between two connections of one handle."""
    own = ['--mechanisms', mechanism, '--token-uses', '1']
    with cases.sandbox(('s', 'starttls', own, None),
                       options=['--token', 'user:one', '--token', 'user:two']) as box:
        first, second, third = drive(cases, *tokens(box, 'one one two'), 'send', 'quit', 'send',
                                     'quit', 'send')
        accepted(first, mechanism)
        accepted(second, mechanism)
        equal(second.asked, 3, 'times asked', second)
        failed(third, 'auth-token-refused')


def no_token(cases):
    with cases.sandbox(('s', 'starttls', ['--mechanisms', 'XOAUTH2'], None)) as box:
        answer = one(cases, *tokens(box, ''), 'send')
        equal((answer.outcome, answer.id), ('transient', 'auth-no-token'), 'outcome', answer)
        nothing_said(box, 's', 'AUTH', 'MAIL')


def two_steps(cases, mechanism):
    """A token too long for the line is given behind the 334 (RFC 4954 4)."""
    long = 'x' * 480
    with cases.sandbox(('s', 'starttls', ['--mechanisms', mechanism], None),
                       options=['--token', f'user:{long}', '--judge']) as box:
        accepted(one(cases, *tokens(box, long), 'send'), mechanism)
        equal(auths(box, 's'), [f'AUTH {mechanism}\\r\\n'], 'AUTH')
        equal(box.violations(), [], 'violations')


# ---- refused by name ----

ORDER = [
    # offered, refused by the server, and what is used then, which is never a weaker one; None: an
    # error; and the most AUTH commands
    ('SCRAM-SHA-256 SCRAM-SHA-1 PLAIN', ['SCRAM-SHA-256=504 5.5.4 no'], None, 1),
    ('SCRAM-SHA-256 PLAIN', ['SCRAM-SHA-256=504 5.5.4 no'], None, 1),
    ('SCRAM-SHA-256 PLAIN', ['SCRAM-SHA-256=534 5.7.9 weak'], None, 1),
    ('SCRAM-SHA-1 PLAIN', ['SCRAM-SHA-1=535 5.7.8 no'], None, 1),
    ('PLAIN LOGIN', ['PLAIN=504 5.5.4 no'], 'LOGIN', 2),
    ('PLAIN LOGIN', ['PLAIN=535 5.7.8 no'], None, 1),
    ('PLAIN LOGIN', ['PLAIN=454 4.7.0 later'], None, 1),
    ('PLAIN LOGIN', ['PLAIN=432 4.7.12 transition'], None, 1),
    ('PLAIN LOGIN CRAM-MD5', ['PLAIN=504 5.5.4 no', 'LOGIN=504 5.5.4 no'], 'CRAM-MD5', 3),
    ('SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS PLAIN', ['SCRAM-SHA-256-PLUS=504 5.5.4 no'], None, 1),
]


def order(cases, offered, rules, wanted, most):
    own = ['--mechanisms', offered]
    for rule in rules:
        own += ['--refuse-mechanism', rule]
    listeners = [('s', 'starttls', own, None), ('t', 'implicit', [], None)]
    with cases.sandbox(*listeners, options=['--judge']) as box:
        answer = one(cases, *words(box, 's', 't'), 'send')
        if wanted:
            accepted(answer, wanted)
        else:
            expect(answer.outcome in ('permanent', 'transient'), answer)
            expect(answer.id.startswith('auth-'), answer)
            nothing_said(box, 's', 'MAIL')
        expect(len(auths(box, 's')) <= most, 'AUTH', *box.log('s'))
        nothing_said(box, 't', 'AUTH')
        equal(box.violations(), [], 'violations')


def stronger(cases, code):
    """The caller's order may begin with a weak one: then there is a stronger one to go on to."""
    own = ['--mechanisms', 'PLAIN SCRAM-SHA-1 SCRAM-SHA-256', '--refuse-mechanism',
           f'SCRAM-SHA-1={code} no']
    with cases.sandbox(('s', 'starttls', own, None), options=['--judge']) as box:
        accepted(one(cases, *words(box, 's'), 'mechanisms=SCRAM-SHA-1 PLAIN SCRAM-SHA-256',
                     'send'), 'SCRAM-SHA-256')
        equal(len(auths(box, 's')), 2, 'AUTH', *box.log('s'))
        equal(box.violations(), [], 'violations')


def never_four(cases):
    own = ['--mechanisms', EVERY, '--refuse-mechanism', '*=504 5.5.4 no']
    with cases.sandbox(('s', 'starttls', own, None), options=['--judge']) as box:
        answer = one(cases, *words(box, 's'), 'mechanisms=' + EVERY, 'send')
        equal(answer.outcome, 'permanent', 'outcome', answer)
        expect(1 <= len(auths(box, 's')) <= 3, 'AUTH', *box.log('s'))
        equal(box.violations(), [], 'violations')


# ---- what was offered once ----

SCRAM = 'SCRAM-SHA-256 PLAIN'
PLUS = 'SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN'
FALLS = [(SCRAM, 'PLAIN LOGIN'), (PLUS, 'SCRAM-SHA-256 PLAIN'), (PLUS, 'PLAIN'),
         (SCRAM, 'CRAM-MD5')]


def falls(cases, first, later, mode):
    own = ['--mechanisms', first, '--mechanisms-later', f'2={later}']
    with cases.sandbox(('s', mode, own, None)) as box:
        before, after = drive(cases, *words(box, 's'), 'send', 'quit', 'send')
        accepted(before)
        failed(after, 'auth-downgrade')
        equal(len(auths(box, 's')), 1, 'AUTH', *box.log('s'))
        equal(sum(line.startswith('MAIL') for line in box.said('s')), 1, 'MAIL')
    with cases.sandbox(('s', mode, own, None)) as box:
        before, after = drive(cases, *words(box, 's'), 'weaker=1', 'send', 'quit', 'send')
        accepted(before)
        accepted(after)
        tells(box, 's', f'by {after.mechanism}')


def rises(cases):
    """More than before is no downgrade, and neither is the same."""
    own = ['--mechanisms', 'PLAIN', '--mechanisms-later', f'2={SCRAM}', '--mechanisms-later',
           f'3={PLUS}']
    with cases.sandbox(('s', 'starttls', own, None)) as box:
        got = drive(cases, *words(box, 's'), *['send', 'quit'] * 4)
        for answer, mechanism in zip(got, ('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS',
                                           'SCRAM-SHA-256-PLUS')):
            accepted(answer, mechanism)


def remembered(cases):
    """... in the saved route too, for another process."""
    own = ['--mechanisms', PLUS, '--mechanisms-later', '2=PLAIN']
    with cases.sandbox(('s', 'starttls', own, None)) as box:
        file = os.path.join(box.here, 'route')
        accepted(one(cases, *words(box, 's'), 'send', f'save-route={file}'))
        failed(one(cases, *words(box, 's'), f'restore-route={file}', 'send'), 'auth-downgrade')
        accepted(one(cases, *words(box, 's'), f'restore-route={file}', 'weaker=1', 'send'),
                 'PLAIN')


def before_tls(cases):
    """The list before TLS is no offer: it neither counts nor is used (RFC 3207 4.2)."""
    own = ['--mechanisms', 'PLAIN', '--mechanisms-clear', PLUS]
    with cases.sandbox(('s', 'starttls', own, None), options=['--judge']) as box:
        got = drive(cases, *words(box, 's'), 'send', 'quit', 'send')
        for answer in got:
            accepted(answer, 'PLAIN')
        equal(count(box, 's', 'clear-auth'), 0, 'AUTH in clear')
        equal(box.violations(), [], 'violations')


def tests(cases):
    for mechanism in EVERY.split():
        if mechanism not in BEARERS:
            cases.run(f'{mechanism} by name', named, cases, mechanism)
    cases.run('nothing that must be named unasked', never_unasked, cases)
    cases.run('NTLM by name', ntlm, cases)
    for mechanism in BEARERS:
        for mode in ('starttls', 'implicit'):
            cases.run(f'{mechanism} by {mode}', token, cases, mechanism, mode)
        for own in ([], ['--token-at-once']):
            cases.run(f'S-12 {mechanism} renewed {own}', renewed, cases, mechanism, own)
            cases.run(f'S-12 {mechanism} refused {own}', refused, cases, mechanism, own)
        cases.run(f'S-12 {mechanism}: the same token', same_again, cases, mechanism)
        cases.run(f'{mechanism} runs out', runs_out, cases, mechanism)
        cases.run(f'S-14 {mechanism} in two steps', two_steps, cases, mechanism)
    cases.run('no token', no_token, cases)
    for row in ORDER:
        cases.run(f'{row[0]}, refused {row[1]}: {row[2]}', order, cases, *row)
    for code in ('504 5.5.4', '534 5.7.9'):
        cases.run(f'{code}, then a stronger one', stronger, cases, code)
    cases.run('W8 never four', never_four, cases)
    for first, later in FALLS:
        for mode in ('starttls', 'implicit'):
            cases.run(f'S-01 from {first} to {later}, {mode}', falls, cases, first, later, mode)
    cases.run('from less to more', rises, cases)
    cases.run('remembered in the route', remembered, cases)
    cases.run('S-02 the list before TLS', before_tls, cases)


e2e.main(tests)
