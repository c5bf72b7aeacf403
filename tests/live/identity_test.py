# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is sending: client certificates, SCRAM beside a channel that could be bound, OAuth 2.0
tokens; and TLS sessions that are resumed."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time

from harness import expect, expect_equal, main
from servers import DOMAIN, TOKEN_ISSUER, TOKEN_KEY, USERS, Authority, Exim, Postfix, authority


def drive(program, here, server, port, *words):
    """One answer for each mail, and the conversation."""
    mode = 'implicit' if port == 'implicit' else 'starttls'
    first = ['server=localhost', f'ports={server.ports[port]}/{mode}',
             f'trust={authority(here).pem}', 'timeout=30000', 'trace=1']
    env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C', 'HOME': '/nonexistent'}
    done = subprocess.run([program, *first, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, env=env, timeout=120, check=False)
    said = done.stderr.decode(errors='replace')
    expect_equal(done.returncode, 0, 'exit', said)
    return [json.loads(line) for line in done.stdout.decode().splitlines()], said


def expect_sent(server, answers, said, count, mechanism):
    """Each mail was accepted by this mechanism, and is there once."""
    expect_equal([(a.get('outcome'), a.get('mechanism')) for a in answers],
                 [('accepted', mechanism)] * count, 'answers', answers, said)
    stored = server.boxes.take('a', count)
    server.settled()
    expect_equal(len(stored) + len(server.boxes.files('a')), count, 'mails stored')
    expect(all(b'\n\nHello.\n' in mail for mail in stored), stored[:1])


def expect_none(server, answers, said, outcome, *ids):
    expect_equal([a.get('outcome') for a in answers], [outcome], 'outcome', answers, said)
    expect(answers[0]['id'] in ids, f'error {answers[0]["id"]!r}, expected one of {ids}', said)
    expect(answers[0]['error'] and answers[0]['advice'], 'no sentence', answers)
    time.sleep(0.05)
    server.settled()
    expect_equal(server.boxes.files('a'), [], 'mail that should not be there')


# ---- client certificates ----

def own(here, ca=None, user='alice'):
    certificate, key = (ca or authority(here)).personal(user, f'{user}@{DOMAIN}')
    return [f'key={key}', f'certificate={certificate}']


def external(program, here, exim, name):
    """Exim signs in whom the certificate names."""
    answers, said = drive(program, here, exim, 'certified', *own(here), f'login={name}:unused',
                          'mechanisms=EXTERNAL', 'send', 'send')
    expect_sent(exim, answers, said, 2, 'EXTERNAL')
    lines = exim.log_lines(f'A=external:{name}')
    expect(len(lines) >= 2, 'Exim does not say who signed in', exim.log_lines('A=')[-3:])


def external_refused(program, here, exim, words, *ids):
    answers, said = drive(program, here, exim, 'certified', *words, 'mechanisms=EXTERNAL', 'send')
    expect_none(exim, answers, said, 'permanent', *ids)


def relayed(program, here, mx):
    """Postfix relays for a fingerprint that it knows, without AUTH."""
    answers, said = drive(program, here, mx, 'certified', *own(here), 'send', 'send')
    expect_sent(mx, answers, said, 2, '')
    expect('> AUTH' not in said, said)


def not_relayed(program, here, mx, words):
    answers, said = drive(program, here, mx, 'certified', *words, 'send')
    expect_none(mx, answers, said, 'permanent', answers[0].get('id'))
    expect_equal(answers[0]['code'], -41, 'code', answers, said)


# ---- SCRAM ----

def scram(program, here, server, dovecot, mechanism, port, flag):
    """The server offers no binding.  Where the client could bind, the flag is y (RFC 5802 6), and
    the server, which has no -PLUS, agrees; where the caller names no -PLUS it is n."""
    before = len(dovecot.responses(mechanism))
    answers, said = drive(program, here, server, port, f'login=alice:{USERS["alice"]}',
                          f'mechanisms={mechanism}-PLUS {mechanism}' if flag == 'y' else
                          f'mechanisms={mechanism}', 'send')
    expect_sent(server, answers, said, 1, mechanism)
    first = dovecot.responses(mechanism)[before:]
    expect_equal(len(first), 1, 'initial responses', first)
    expect(first[0].startswith(flag.encode() + b',,n=alice,r='), f'gs2-header of {first[0]!r}')


def scram_refused(program, here, server, mechanism):
    answers, said = drive(program, here, server, 'starttls', 'login=alice:wrong',
                          f'mechanisms={mechanism}', 'send')
    expect_none(server, answers, said, 'permanent', 'auth-refused')


def no_binding(program, here, server):
    answers, said = drive(program, here, server, 'starttls', f'login=alice:{USERS["alice"]}',
                          'binding=1', 'send')
    expect_none(server, answers, said, 'permanent', 'auth-no-channel-binding')
    expect('> AUTH' not in said, said)


# ---- tokens ----

def token(subject='alice', key=TOKEN_KEY, issuer=TOKEN_ISSUER, lifetime=3600, filling=0):
    """A JSON web token (RFC 7519) with HMAC and SHA-256."""
    def coded(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b'=')

    now = int(time.time())
    claims = {'iss': issuer, 'sub': subject, 'iat': now - 10, 'exp': now + lifetime,
              'filling': 'x' * filling}
    signed = b'.'.join((coded(b'{"alg":"HS256","typ":"JWT"}'), coded(json.dumps(claims).encode())))
    return (signed + b'.' + coded(hmac.new(key, signed, hashlib.sha256).digest())).decode()


STALE = {
    'expired': {'lifetime': -100},
    'signed by another': {'key': b'not the key of the issuer'},
    'of another issuer': {'issuer': 'https://elsewhere.example'},
}


def token_accepted(program, here, mx, mechanism, port, filling=0):
    """filling makes it longer than a command line may be: it goes behind the 334."""
    good = token(filling=filling)
    answers, said = drive(program, here, mx, port, f'token=alice:{good}', f'mechanisms={mechanism}',
                          'send', 'send')
    expect_sent(mx, answers, said, 2, mechanism)
    expect_equal([a['asked'] for a in answers], [1, 1], 'asked for a token', answers)
    expect(good not in said and base64.b64encode(good.encode()).decode()[4:40] not in said,
           'the trace shows the token', said)


def token_refused(program, here, mx, mechanism, what):
    """What the server says of it reaches the caller, and there it ends."""
    stale = token(**STALE[what])
    answers, said = drive(program, here, mx, 'starttls', f'token=alice:{stale}',
                          f'mechanisms={mechanism}', 'send')
    expect_none(mx, answers, said, 'permanent', 'auth-token-refused')
    expect_equal(answers[0]['asked'], 2, 'asked for a token', answers)
    expect(json.loads(answers[0]['refusal'])['status'], answers)
    expect_equal(said.count('> AUTH'), 1, 'AUTH commands', said)


def token_renewed(program, here, mx, mechanism, what):
    answers, said = drive(program, here, mx, 'starttls',
                          f'token=alice:{token(**STALE[what])} {token()}',
                          f'mechanisms={mechanism}', 'send', 'send')
    expect_sent(mx, answers, said, 2, mechanism)
    expect_equal([a['asked'] for a in answers], [2, 2], 'asked for a token', answers)
    expect(json.loads(answers[0]['refusal'])['status'], answers)


# ---- resumption ----

def resumed(program, here, server, mark, version, expected):
    """Four connections, and how many of them the server says were resumed."""
    before = len(server.log_lines(mark))
    words = [f'login=alice:{USERS["alice"]}', f'resumption={1 if expected else 0}']
    if version == '1.2':
        words.append('priority=NORMAL:-VERS-ALL:+VERS-TLS1.2')
    answers, said = drive(program, here, server, 'alternate', *words, 'send', 'quit', 'send',
                          'quit', 'send', 'quit', 'send')
    expect_sent(server, answers, said, 4, answers[0]['mechanism'])
    expect_equal({a['version'] for a in answers}, {'TLS' + version}, 'TLS version', answers)
    expect_equal(len(server.log_lines(mark)) - before, expected, 'resumed', said,
                 *server.log_lines(mark)[-3:])


def across(program, here, server, mark):
    """Saved, sealed, and resumed by another process."""
    file, before = here / 'sessions', len(server.log_lines(mark))
    login = f'login=alice:{USERS["alice"]}'
    answers, said = drive(program, here, server, 'alternate', login, 'send', 'quit',
                          f'save-sessions={file}')
    expect_sent(server, answers, said, 1, answers[0]['mechanism'])
    answers, said = drive(program, here, server, 'alternate', login, f'restore-sessions={file}',
                          'send')
    expect_sent(server, answers, said, 1, answers[0]['mechanism'])
    expect_equal(len(server.log_lines(mark)) - before, 1, 'resumed', said)


def tests(cases, here, program):
    mx = Postfix(here)
    dovecot = mx.auth
    exim = Exim(here, dovecot=dovecot)
    other = Authority(here, 'other')

    cases.run('Exim: EXTERNAL as the address in the certificate', external, program, here, exim,
              f'alice@{DOMAIN}')
    cases.run('Exim: EXTERNAL as somebody else', external_refused, program, here, exim,
              own(here) + [f'login=bob@{DOMAIN}:unused'], 'auth-refused')
    cases.run('Exim: EXTERNAL with the certificate of another authority', external_refused, program,
              here, exim, own(here, other) + [f'login=alice@{DOMAIN}:unused'],
              'auth-no-mechanism')
    cases.run('Exim: EXTERNAL without a certificate', external_refused, program, here, exim,
              [f'login=alice@{DOMAIN}:unused'], 'auth-no-mechanism')
    cases.run('Postfix: relays by certificate, without AUTH', relayed, program, here, mx)
    cases.run('Postfix: another certificate', not_relayed, program, here, mx, own(here, user='bob'))
    cases.run('Postfix: no certificate', not_relayed, program, here, mx, [])

    for name, server in (('Postfix', mx), ('Exim', exim)):
        for mechanism in ('SCRAM-SHA-1', 'SCRAM-SHA-256'):
            for port, flag in (('starttls', 'y'), ('implicit', 'y'), ('starttls', 'n')):
                cases.run(f'{name} {port}: {mechanism} with the flag {flag}', scram, program, here,
                          server, dovecot, mechanism, port, flag)
            cases.run(f'{name}: {mechanism} with a wrong password', scram_refused, program, here,
                      server, mechanism)
        cases.run(f'{name}: a binding is required, and not offered', no_binding, program, here,
                  server)

    for mechanism in ('OAUTHBEARER', 'XOAUTH2'):
        for port in ('starttls', 'implicit'):
            cases.run(f'Postfix {port}: {mechanism}', token_accepted, program, here, mx, mechanism,
                      port)
        cases.run(f'Postfix: {mechanism}, a long token', token_accepted, program, here, mx,
                  mechanism, 'starttls', 3000)
        for what in STALE:
            cases.run(f'Postfix: {mechanism}, a token {what}', token_refused, program, here, mx,
                      mechanism, what)
            cases.run(f'Postfix: {mechanism}, a token {what}, then a good one', token_renewed,
                      program, here, mx, mechanism, what)

    # Postfix gives no new ticket to a session that came by one, and a ticket of TLS 1.3 is shown
    # once (RFC 8446 C.4): there each second handshake is a full one.
    for name, server, mark, times in (('Postfix', mx, 'Reusing old session', {'1.3': 2, '1.2': 3}),
                                      ('Exim', exim, '256* CV=', {'1.3': 3, '1.2': 3})):
        for version in times:
            cases.run(f'{name}: TLS {version} sessions resumed', resumed, program, here, server,
                      mark, version, times[version])
            cases.run(f'{name}: TLS {version} sessions not resumed', resumed, program, here, server,
                      mark, version, 0)
        cases.run(f'{name}: a session resumed by another process', across, program, here, server,
                  mark)


main(tests)
