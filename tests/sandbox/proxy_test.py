# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sandbox as a proxy, by hand and by curl if it is there."""

import base64
import shutil
import socket
import subprocess
import time
import unittest

from sandbox_test import Raw, Sandbox

LISTEN = ['--listen', '587=0/starttls', '--listen', '25=0/none', '--listen', 's=0/socks5',
          '--listen', 'h=0/http-proxy', '--open']
CURL = shutil.which('curl')


def socks(r, kind, host, port=25, methods=b'\0', command=1):
    """Greeting and request: the method and the reply, as octets."""
    r.send(bytes([5, len(methods)]) + methods)
    method = exactly(r, 2)
    if method[1] == 0xff:
        return method, b''
    r.send(bytes([5, command, 0, kind]) + host + port.to_bytes(2, 'big'))
    return method, exactly(r, 10)


def exactly(r, n):
    while len(r.held) < n:
        octets = r.socket.recv(65536)
        if not octets:
            break
        r.held += octets
    octets, r.held = r.held[:n], r.held[n:]
    return octets


def named(text):
    return bytes([len(text)]) + text.encode()


def connect(r, target, *fields):
    r.send(f'CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n'
           + ''.join(f + '\r\n' for f in fields) + '\r\n')
    head = r.line().decode()
    while r.line() != b'\r\n':
        pass
    return head


class Proxy(unittest.TestCase):

    def talk(self, r):
        """SMTP through it."""
        self.assertEqual(r.reply()[:3], '220')
        r.say('EHLO a', '250')
        r.send('MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 200000 LAST\r\n'
               + ('x' * 98 + '\r\n') * 2000)
        self.assertEqual([r.reply()[:3] for _ in range(3)], ['250', '250', '250'])
        r.say('QUIT', '221')
        self.assertEqual(r.rest(), b'')

    def test_socks(self):
        with Sandbox(*LISTEN, '--map', 'other.test=127.0.0.1') as s:
            for kind, host in ((1, bytes([127, 0, 0, 1])), (3, named('localhost')),
                               (3, named('mail.sandbox.test')), (3, named('OTHER.test'))):
                with s.raw('s') as r:
                    method, reply = socks(r, kind, host)
                    self.assertEqual((method, reply[:4]), (b'\5\0', b'\5\0\0\1'))
                    self.talk(r)
            with s.raw('s') as r:
                self.assertEqual(socks(r, 1, bytes([127, 0, 0, 1]), s.port(25))[1][:2], b'\5\0')
                self.talk(r)
            self.assertEqual(len(s.messages()), 5)
            self.assertIn('asked for OTHER.test port 25, by name', s.log())
            self.assertIn('asked for 127.0.0.1 port 25, by address', s.log())
            self.assertEqual(s.end(), 0, s.err)
            self.assertEqual(s.log().count(' open '), s.log().count(' close turns='))

    def test_socks_refusals(self):
        with socket.create_server(('127.0.0.1', 0)) as free:
            dead = free.getsockname()[1]
        with Sandbox(*LISTEN) as s:
            for kind, host, port, command, code in (
                (3, named('nowhere.test'), 25, 1, 4),
                (1, bytes([192, 0, 2, 1]), 25, 1, 2),
                (4, bytes([32, 1] + [0] * 14), 25, 1, 2),
                (3, named('localhost'), dead, 1, 5),
                (3, named('localhost'), 25, 2, 7),
                (9, b'xxxx', 25, 1, 8),
            ):
                with s.raw('s') as r:
                    reply = socks(r, kind, host, port, command=command)[1]
                    self.assertEqual(reply[1], code, (host, port))
                    self.assertEqual(r.rest(), b'')
            with s.raw('s') as r:
                self.assertEqual(socks(r, 3, b'', methods=b'\2')[0], b'\5\xff')
            self.assertEqual(s.end(), 0, s.err)

    def test_socks_password(self):
        with Sandbox(*LISTEN, '--proxy-user', 'jo:se:cret') as s:
            with s.raw('s') as r:
                self.assertEqual(socks(r, 3, b'')[0], b'\5\xff')
            for password, answer in (('se:cret', b'\1\0'), ('wrong', b'\1\1')):
                with s.raw('s') as r:
                    r.send(b'\5\2\0\2')
                    self.assertEqual(exactly(r, 2), b'\5\2')
                    r.send(b'\1' + named('jo') + named(password))
                    self.assertEqual(exactly(r, 2), answer)
                    if answer == b'\1\0':
                        r.send(b'\5\1\0\3' + named('localhost') + b'\0\x19')
                        self.assertEqual(exactly(r, 10)[1], 0)
                        self.talk(r)
            self.assertIn('user jo, good', s.log())
            self.assertNotIn('se:cret', s.log())

    def test_http(self):
        login = base64.b64encode(b'jo:se:cret').decode()
        with Sandbox(*LISTEN) as s:
            for target in ('localhost:25', '127.0.0.1:25', f'localhost:{s.port(25)}'):
                with s.raw('h') as r:
                    self.assertEqual(connect(r, target)[:12], 'HTTP/1.1 200')
                    self.talk(r)
            for target, status in (('nowhere.test:25', 502), ('192.0.2.1:25', 403),
                                   ('[2001:db8::1]:25', 403), ('[::1]:1', 502)):
                with s.raw('h') as r:
                    self.assertEqual(connect(r, target)[:12], f'HTTP/1.1 {status}')
            self.assertEqual(s.end(), 0, s.err)
        with Sandbox(*LISTEN, '--proxy-user', 'jo:se:cret') as s:
            for field, status in (('Proxy-Authorization: Basic ' + login, 200), ('X: y', 407),
                                  ('Proxy-Authorization: Basic am86eA==', 407),
                                  ('Proxy-Authorization: Digest x', 407)):
                with s.raw('h') as r:
                    self.assertEqual(connect(r, 'localhost:25', field)[:12], f'HTTP/1.1 {status}')
                    if status == 200:
                        self.talk(r)

    def test_as_told(self):
        for code in range(1, 10):
            with Sandbox(*LISTEN, '--reply', f'CONNECT={code}') as s, s.raw('s') as r:
                self.assertEqual(socks(r, 3, named('localhost'))[1][:2], bytes([5, code]))
                self.assertEqual(r.rest(), b'')
        for code in (403, 407, 502, 503, 504):
            with Sandbox(*LISTEN, '--reply', f'CONNECT={code}') as s, s.raw('h') as r:
                self.assertEqual(connect(r, 'localhost:25')[:12], f'HTTP/1.1 {code}')
        with Sandbox(*LISTEN, '--reply', 'METHOD=\\x05\\xff') as s, s.raw('s') as r:
            self.assertEqual(socks(r, 3, b'')[0], b'\5\xff')
        with Sandbox(*LISTEN, '--reply', 'CONNECT=garbage\\r\\n') as s, s.raw('h') as r:
            r.send('CONNECT localhost:25 HTTP/1.1\r\nHost: localhost:25\r\n\r\n')
            self.assertEqual(r.rest(), b'garbage\r\n')
        with Sandbox(*LISTEN, '--drop', 'CONNECT') as s, s.raw('s') as r:
            self.assertEqual(socks(r, 3, named('localhost'))[1], b'')
        with Sandbox(*LISTEN, '--delay', 'CONNECT=300') as s, s.raw('h') as r:
            began = time.time()
            self.assertEqual(connect(r, 'localhost:25')[:12], 'HTTP/1.1 200')
            self.assertGreater(time.time() - began, 0.2)
        with Sandbox(*LISTEN, '--cut', 'CONNECT=4') as s, s.raw('s') as r:
            self.assertEqual(socks(r, 3, named('localhost'))[1], b'\5\0\0\1')
        with Sandbox(*LISTEN, '--reply', 'CONNECT=\\x05\\0\\0\\x03\\x01x\\0\\0') as s:
            with s.raw('s') as r:  # success in other words
                r.send(b'\5\1\0')
                exactly(r, 2)
                r.send(b'\5\1\0\3' + named('localhost') + b'\0\x19')
                self.assertEqual(exactly(r, 8), b'\5\0\0\3\1x\0\0')
                self.talk(r)

    def test_broken_protocol(self):
        for name, octets, what in (
            ('s', b'\4\1\0', 'not a SOCKS5 greeting'),
            ('s', b'\5\0', 'not a SOCKS5 greeting'),
            ('s', b'\5\1\0\5\1\1\3\1x\0\1', 'not a SOCKS5 request'),
            ('s', b'\5\1\0\5\1\0\3\1x\0\1EHLO', 'ahead'),
            ('s', b'\5\1\0\5\1\0\3\0\0\1', 'an empty name'),
            ('h', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'not a CONNECT'),
            ('h', b'CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n', 'not a CONNECT'),
            ('h', b'CONNECT x:1 HTTP/1.1\r\nHost: y:1\r\n\r\n', 'Host is not'),
            ('h', b'CONNECT x:1 HTTP/1.1\r\n\r\n', 'Host is not'),
            ('h', b'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\nEHLO', 'ahead'),
            ('h', b'x' * 17000, 'without end'),
        ):
            with Sandbox(*LISTEN) as s:
                with s.raw(name) as r:
                    r.send(octets)
                    try:
                        r.rest()
                    except ConnectionResetError:
                        pass
                self.assertEqual(s.end(), 3, octets)
                self.assertIn(what, s.err)

    def test_the_end_of_either_side(self):
        with Sandbox(*LISTEN, '--drop', 'MAIL', '--on', '25', '--reply',
                     'EHLO=250-' + 'x' * 60 + '\\r\\n250 ok') as s:
            with s.raw('s') as r:
                socks(r, 3, named('localhost'))
                r.reply()
                r.send('EHLO a\r\n' * 20000)  # more than the windows hold
                for _ in range(20000):
                    r.reply()
                r.send('MAIL FROM:<>\r\n')
                self.assertEqual(r.rest(), b'')
            for _ in range(3):
                with s.raw('s') as r:
                    socks(r, 3, named('localhost'))
            s.wait_log('the way on is closed')
            self.assertEqual(s.end(), 0, s.err)
        with Sandbox(*LISTEN, '--listen', 'q=0/none', '--on', 'q', '--stalled') as s:
            with s.raw('s') as r:
                r.send(b'\5\1\0')
                exactly(r, 2)
                r.send(b'\5\1\0\3' + named('localhost') + s.port('q').to_bytes(2, 'big'))
                r.socket.settimeout(0.3)
                with self.assertRaises(socket.timeout):
                    r.socket.recv(1)
            s.wait_log('close turns=')

    @unittest.skipUnless(CURL, 'no curl')
    def test_curl(self):
        with Sandbox(*LISTEN, '--proxy-user', 'jo:secret') as s:
            for proxy in (f'socks5h://jo:secret@127.0.0.1:{s.port("s")}',
                          f'socks5://jo:secret@127.0.0.1:{s.port("s")}',
                          f'http://jo:secret@127.0.0.1:{s.port("h")}'):
                done = subprocess.run(
                    [CURL, '-sS', '-p', '-x', proxy, '--ssl-reqd', '--cacert', s.values['CA'],
                     f'smtp://localhost:{s.port(587)}', '--mail-from', 'a@b.test', '--mail-rcpt',
                     'c@d.test', '-T', '-'], input=b'Subject: x\r\n\r\nx\r\n', capture_output=True,
                    timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(s.messages()), 3)
            self.assertEqual({e['tls'] for e in s.envelopes()}, {'TLS1.3'})


if __name__ == '__main__':
    unittest.main(warnings='ignore')
