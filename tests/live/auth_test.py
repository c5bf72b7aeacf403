# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sign-in: every mechanism, on every kind of port, with strange names and passwords."""

import base64
import time
from urllib.parse import quote

from harness import (Client, expect, expect_accepted, expect_equal, expect_refused,
                     expect_same, main, message)
from servers import USERS, Exim, Postfix

KINDS = {'starttls': 'STARTTLS', 'implicit': 'implicit', 'alternate': 'STARTTLS'}

# The others prepare the password (SASLprep, RFC 4013), whose Unicode 3.2 has no emoji yet.
AS_IT_IS = ('PLAIN', 'LOGIN')


def route(server, kind):
    mode = 'implicit' if kind == 'implicit' else 'starttls'
    return f'{server.ports[kind]}/{mode}'


def good(server, client, kind, mechanism, user):
    sent = message(f'{mechanism} as {user}')
    result = client.send(sent, ports=route(server, kind), user=user,
                         options=['--auth', mechanism])
    expect_accepted(result, port=server.ports[kind], tls=KINDS[kind], mechanism=mechanism)
    expect(result.route['tls_version'] in ('TLS1.2', 'TLS1.3'), 'TLS version', result)
    expect_same(server, server.boxes.take('alice')[0], sent)


def wrong(server, client, kind, mechanism, user, password):
    sent = message('must not arrive')
    result = client.send(sent, ports=route(server, kind), user=user, password=password,
                         options=['--auth', mechanism])
    expect_refused(result, 77, 'permanent', 'auth-refused')
    expect(password not in result.out + result.err, 'the password is shown', result)
    nothing(server)


def nothing(server):
    time.sleep(0.05)
    server.settled()
    expect_equal(server.boxes.files('alice'), [], 'mail that should not be there')


def by_url(server, client, user):
    sent = message(f'by URL as {user}')
    url = f'smtp://{quote(user, safe="")}:{quote(USERS[user], safe="")}@localhost'
    result = client.send(sent, ports=route(server, 'starttls'), url=url, login=False)
    expect_accepted(result, port=server.ports['starttls'])
    expect_same(server, server.boxes.take('alice')[0], sent)


def best(server, client, kind, mechanism, user='alice'):
    result = client.send(message('the best mechanism'), ports=route(server, kind), user=user)
    expect_accepted(result, mechanism=mechanism)
    server.boxes.take('alice')


def none_in_common(server, client):
    result = client.send(message('no mechanism'), ports=route(server, 'starttls'),
                         options=['--auth', 'SCRAM-SHA-256'])
    expect(result.status in (77, 78), 'exit', result)
    expect_equal(result.outcome, 'permanent', 'outcome', result)
    nothing(server)


def masked(server, client, mechanism):
    """What the trace shows holds the password in no form."""
    user, password = 'bob@example.org', USERS['bob@example.org']
    result = client.send(message('traced'), ports=route(server, 'implicit'), user=user,
                         options=['--auth', mechanism, '--trace'])
    expect_accepted(result)
    server.boxes.take('alice')
    expect('AUTH' in result.err.upper(), 'no trace', result)
    secrets = [password, base64.b64encode(password.encode()).decode(),
               base64.b64encode(f'\0{user}\0{password}'.encode()).decode()]
    for secret in secrets:
        expect(secret not in result.out + result.err, 'the trace shows the password', result)


def one_server(cases, client, server, name):
    for kind in KINDS:
        for mechanism in server.MECHANISMS:
            for user in USERS:
                if user == 'emoji' and mechanism not in AS_IT_IS:
                    continue
                cases.run(f'{name} {kind} {mechanism} as {user}', good, server, client, kind,
                          mechanism, user)
            cases.run(f'{name} {kind} {mechanism} wrong password', wrong, server, client, kind,
                      mechanism, 'alice', 'wrong horse')
            cases.run(f'{name} {kind} {mechanism} unknown user', wrong, server, client, kind,
                      mechanism, 'nobody', 'at all, at all')
    for mechanism in server.MECHANISMS:
        cases.run(f'{name} {mechanism} traced without the secret', masked, server, client,
                  mechanism)


def tests(cases, here, postern_send):
    mx = Postfix(here)
    client = Client(postern_send, here)
    one_server(cases, client, mx, 'Postfix')
    for user in USERS:
        cases.run(f'Postfix, user and password in the URL: {user}', by_url, mx, client, user)
    for kind in KINDS:
        cases.run(f'Postfix {kind}: the best of all', best, mx, client, kind, 'SCRAM-SHA-256')
    cases.run('Postfix: the best for a password that SASLprep does not take', best, mx, client,
              'starttls', 'PLAIN', 'emoji')

    exim = Exim(here)
    one_server(cases, client, exim, 'Exim')
    cases.run('Exim: PLAIN before LOGIN and CRAM-MD5', best, exim, client, 'starttls', 'PLAIN')
    cases.run('Exim: no mechanism in common', none_in_common, exim, client)


main(tests)
