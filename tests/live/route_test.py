# SPDX-License-Identifier: LGPL-2.1-or-later
"""The port policy against a real server: which ports are tried, which one wins, what stops all."""

import time
from urllib.parse import quote

from harness import (Client, expect, expect_accepted, expect_equal, expect_refused, expect_same,
                     main, message)
from servers import USERS, Authority, Obstacle, Postfix, authority

QUICK = 3.0  # seconds: far below a time-out, far above what a busy machine takes


def expect_attempts(result, *ports):
    expect_equal([a['port'] for a in result.json['attempts']], list(ports), 'ports tried', result)


def gets_through(server, client, ports, port, tls):
    sent = message('gets through')
    result = client.send(sent, ports=ports)
    expect_accepted(result, port=server.ports[port], tls=tls, host='localhost')
    expect(result.seconds < QUICK, f'slow: {result.seconds:.2f} s', result)
    expect_same(server, server.boxes.take('alice')[0], sent)
    return result


def around(server, client, kind, port, mode):
    """A port that is in the way, then one that is good."""
    obstacle = Obstacle(kind)
    try:
        ports = f'{obstacle.port}/starttls,{server.ports[port]}/{mode}'
        result = gets_through(server, client, ports, port,
                              'implicit' if mode == 'implicit' else 'STARTTLS')
        expect_equal(result.json['attempts'][0]['port'], obstacle.port, 'first attempt', result)
        if kind in ('closed', 'http'):
            expect(result.json['attempts'][0]['error'], 'the first attempt has no error', result)
        expect_equal(result.route['address'], '127.0.0.1', 'address', result)
    finally:
        obstacle.close()


def only_one_signs_in(server, client):
    """Several good ports: one session, one sign-in, one mail."""
    before = len(server.log_lines('sasl_method='))
    ports = ','.join(f'{server.ports[p]}/{m}' for p, m in
                     (('starttls', 'starttls'), ('implicit', 'implicit'), ('alternate', 'starttls')))
    gets_through(server, client, ports, 'starttls', 'STARTTLS')
    server.settled()
    expect_equal(len(server.log_lines('sasl_method=')) - before, 1, 'sign-ins')
    expect_equal(server.boxes.files('alice'), [], 'a second copy')


def mode_mistaken(server, client):
    """STARTTLS expected on an implicit TLS port: silence; the next port gets it."""
    ports = f'{server.ports["implicit"]}/starttls,{server.ports["alternate"]}/starttls'
    gets_through(server, client, ports, 'alternate', 'STARTTLS')


def no_starttls_goes_up(server, client):
    """A port without STARTTLS may be left only for implicit TLS."""
    ports = f'{server.ports["plain"]}/starttls,{server.ports["implicit"]}/implicit'
    gets_through(server, client, ports, 'implicit', 'implicit')


def stops(server, client, ports, tried, status, outcome, ca=None, ids=(), **kwargs):
    before = len(server.log_lines('sasl_'))
    result = client.send(message('must not arrive'), ports=ports, ca=ca, **kwargs)
    expect_refused(result, status, outcome, *ids)
    expect_attempts(result, *tried)
    expect(result.seconds < QUICK, f'slow: {result.seconds:.2f} s', result)
    time.sleep(0.05)
    server.settled()
    expect_equal(server.boxes.files('alice'), [], 'mail that should not be there')
    return len(server.log_lines('sasl_')) - before


def wrong_password(server, client):
    """Refused credentials are never tried on another port: it would lock the account."""
    before = len(server.log_lines('authentication failed'))
    stops(server, client, f'{server.ports["starttls"]}/starttls,{server.ports["implicit"]}/implicit',
          [server.ports['starttls']], 77, 'permanent', ids=('auth-refused',), password='wrong')
    expect_equal(len(server.log_lines('authentication failed')) - before, 1, 'refused sign-ins')


def untrusted(server, client, other):
    """A certificate of an unknown authority stops everything before a sign-in."""
    signed = stops(server, client,
                   f'{server.ports["starttls"]}/starttls,{server.ports["implicit"]}/implicit',
                   [server.ports['starttls']], 78, 'permanent', ca=other.pem)
    expect_equal(signed, 0, 'sign-ins')


def wrong_name(server, client):
    """A certificate for another host stops everything before a sign-in."""
    signed = stops(server, client,
                   f'{server.ports["wrongname"]}/implicit,{server.ports["starttls"]}/starttls',
                   [server.ports['wrongname']], 78, 'permanent')
    expect_equal(signed, 0, 'sign-ins')


def by_address(server, client):
    """The address is not in the certificate, which names localhost only."""
    signed = stops(server, client, f'{server.ports["implicit"]}/implicit',
                   [server.ports['implicit']], 78, 'permanent', url='smtp://127.0.0.1')
    expect_equal(signed, 0, 'sign-ins')


def never_plain(server, client):
    """No STARTTLS and nowhere to go up to: nothing is sent, in clear least of all."""
    signed = stops(server, client,
                   f'{server.ports["plain"]}/starttls,{server.ports["starttls"]}/starttls',
                   [server.ports['plain']], 78, 'permanent')
    expect_equal(signed, 0, 'sign-ins')


def plain_when_asked(server, client):
    """No TLS at all, asked for by its long name, on loopback."""
    sent = message('in clear')
    result = client.send(sent, ports=f'{server.ports["plain"]}/none')
    expect_accepted(result, tls='none', port=server.ports['plain'])
    expect_same(server, server.boxes.take('alice')[0], sent)


def nothing_open(server, client):
    obstacles = [Obstacle('closed') for _ in range(3)]
    try:
        ports = [o.port for o in obstacles]
        result = client.send(message('nowhere'), ports=','.join(f'{p}/starttls' for p in ports))
        expect_refused(result, 75, 'transient')
        expect_attempts(result, *ports)
        expect_equal(result.json['route'], None, 'route', result)
        expect(all(a['error'] for a in result.json['attempts']), 'attempts', result)
        expect(result.json['error']['advice'], 'no advice', result)
        expect(result.seconds < QUICK, 'slow', result)
    finally:
        for o in obstacles:
            o.close()


def silence_ends(server, client):
    """One port, and it says nothing: the time given ends it."""
    obstacle = Obstacle('silent')
    try:
        result = client.send(message('silence'), ports=f'{obstacle.port}/starttls', timeout=2)
        expect_refused(result, 75, 'transient')
        expect(1.5 < result.seconds < 6, f'{result.seconds:.2f} s', result)
    finally:
        obstacle.close()


def by_url(server, client):
    """Ports and trust given in the URL."""
    sent = message('all in the URL')
    closed = Obstacle('closed')
    url = (f'smtp://alice:{quote(USERS["alice"])}@localhost?ports={closed.port}/starttls,'
           f'{server.ports["implicit"]}/implicit&cafile={quote(authority(client.here).pem)}')
    result = client.send(sent, url=url, login=False)
    closed.close()
    expect_accepted(result, port=server.ports['implicit'], tls='implicit')
    expect_same(server, server.boxes.take('alice')[0], sent)


def tests(cases, here, postern_send):
    client = Client(postern_send, here)
    mx = Postfix(here)
    for kind in ('closed', 'silent', 'hole', 'http'):
        for port, mode in (('starttls', 'starttls'), ('implicit', 'implicit')):
            cases.run(f'{kind} port, then {mode}', around, mx, client, kind, port, mode)
    cases.run('several good ports, one sign-in', only_one_signs_in, mx, client)
    cases.run('implicit TLS port taken for STARTTLS', mode_mistaken, mx, client)
    cases.run('no STARTTLS goes up to implicit TLS', no_starttls_goes_up, mx, client)
    cases.run('no STARTTLS goes nowhere else', never_plain, mx, client)
    cases.run('wrong password stops', wrong_password, mx, client)
    cases.run('unknown authority stops', untrusted, mx, client, Authority(here, 'other'))
    cases.run('certificate for another name stops', wrong_name, mx, client)
    cases.run('certificate without the address stops', by_address, mx, client)
    cases.run('no TLS when asked for, on loopback', plain_when_asked, mx, client)
    cases.run('nothing is open', nothing_open, mx, client)
    cases.run('silence ends', silence_ends, mx, client)
    cases.run('everything in the URL', by_url, mx, client)


main(tests)
