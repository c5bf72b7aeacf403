# SPDX-License-Identifier: LGPL-2.1-or-later
"""postern-sandbox over real sockets, by Python's smtplib and by hand."""

import base64
import glob
import hashlib
import hmac
import json
import os
import re
import signal
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
LISTEN = ['--listen', '587=0/starttls', '--listen', '465=0/implicit', '--listen', '25=0/none']
MESSAGE = b'Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nend\r\n'


class Sandbox:
    """One run of the program."""

    def __init__(self, *options, script=None):
        self.here = tempfile.TemporaryDirectory(prefix='sandbox-test.')
        self.log_file = os.path.join(self.here.name, 'log')
        self.values = {}
        options = list(options)
        if script is not None:
            name = os.path.join(self.here.name, 'script')
            with open(name, 'w', encoding='ascii') as f:
                f.write(script)
            options += ['--script', name]
        listen = [] if '--listen' in options else LISTEN
        self.process = subprocess.Popen(
            [
                PROGRAM,
                *listen,
                '--dir',
                os.path.join(self.here.name, 'state'),
                '--log',
                self.log_file,
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stdout:
            if line == 'ready\n':
                break
            key, value = line.rstrip('\n').split('=', 1)
            self.values[key] = value.strip("'")
        self.context = ssl.create_default_context(cafile=self.values.get('CA'))
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            self.end()
        self.here.cleanup()

    def port(self, name=587):
        return int(self.values[f'PORT_{name}'])

    def end(self):
        """The exit status, after SIGTERM if need be."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.out, self.err = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.status = self.process.returncode
        return self.status

    def wait(self):
        self.out, self.err = self.process.communicate(timeout=60)
        self.status = self.process.returncode
        return self.status

    def log(self):
        with open(self.log_file, encoding='ascii') as f:
            return f.read()

    def wait_log(self, text):
        end = time.time() + 20
        while text not in self.log():
            if time.time() > end:
                raise AssertionError(f'{text!r} is not in the log:\n{self.log()}')
            time.sleep(0.01)

    def messages(self):
        files = glob.glob(os.path.join(self.values['DIR'], 'Maildir/new/*'))
        return [open(f, 'rb').read() for f in sorted(files)]

    def envelopes(self):
        files = glob.glob(os.path.join(self.values['DIR'], 'envelopes/*.json'))
        return [json.load(open(f, encoding='utf-8')) for f in sorted(files)]

    def smtp(self, name=587, tls=True):
        if name == 465:
            return smtplib.SMTP_SSL('127.0.0.1', self.port(name), context=self.context, timeout=20)
        client = smtplib.SMTP('127.0.0.1', self.port(name), timeout=20)
        if tls and name != 25:
            client.starttls(context=self.context)
            client.ehlo()
        return client

    def raw(self, name=587):
        return Raw(self.port(name), self.context)

    def in_tls(self, name=587):
        """By hand, behind TLS and signed in."""
        raw = self.raw(name)
        raw.to_tls()
        raw.say('AUTH PLAIN ' + base64.b64encode(b'\0user\0password').decode(), '235')
        return raw


class Raw:
    """A socket, lines, and replies."""

    def __init__(self, port, context):
        self.socket = socket.create_connection(('127.0.0.1', port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.context, self.held = context, b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def line(self):
        while b'\n' not in self.held:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError(self.held)
            self.held += octets
        line, self.held = self.held.split(b'\n', 1)
        return line + b'\n'

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == b'-':
            lines.append(self.line())
        return b''.join(lines).decode()

    def rest(self):
        try:
            while octets := self.socket.recv(65536):
                self.held += octets
        except ssl.SSLEOFError:
            pass
        return self.held

    def send(self, text):
        self.socket.sendall(text.encode('latin-1') if isinstance(text, str) else text)

    def say(self, line, expected=''):
        self.send(line + '\r\n')
        reply = self.reply()
        if not reply.startswith(expected):
            raise AssertionError(f'{line!r} got {reply!r}')
        return reply

    def tls(self):
        self.socket = self.context.wrap_socket(
            self.socket, server_hostname='localhost', suppress_ragged_eofs=False
        )

    def to_tls(self):
        self.reply()
        self.say('EHLO a.test', '250')
        self.say('STARTTLS', '220')
        self.tls()
        self.say('EHLO a.test', '250')


def scram(raw, hash_name, password='password', user='user'):
    """RFC 5802, 7677: the last reply, and whether the server proved itself."""
    nonce = 'rOprNGfwEbeRWgbNEkqO'
    bare = f'n={user},r={nonce}'
    name = 'AUTH SCRAM-SHA-1 ' if hash_name == 'sha1' else 'AUTH SCRAM-SHA-256 '
    reply = raw.say(name + base64.b64encode(('n,,' + bare).encode()).decode())
    if not reply.startswith('334 '):
        return reply, False
    first = base64.b64decode(reply[4:]).decode()
    at = dict(part.split('=', 1) for part in first.split(','))
    assert at['r'].startswith(nonce) and len(at['r']) > len(nonce)
    salted = hashlib.pbkdf2_hmac(
        hash_name, password.encode(), base64.b64decode(at['s']), int(at['i'])
    )
    key = hmac.digest(salted, b'Client Key', hash_name)
    without = f'c=biws,r={at["r"]}'
    auth = f'{bare},{first},{without}'.encode()
    signature = hmac.digest(hashlib.new(hash_name, key).digest(), auth, hash_name)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
    reply = raw.say(base64.b64encode(f'{without},p={proof}'.encode()).decode())
    if not reply.startswith('334 '):
        return reply, False
    wanted = hmac.digest(hmac.digest(salted, b'Server Key', hash_name), auth, hash_name)
    proven = base64.b64decode(reply[4:]) == b'v=' + base64.b64encode(wanted)
    return raw.say(''), proven


def resident(pid):
    """Octets in memory; 0 where that cannot be known, or says nothing because of ASan."""
    try:
        with open(f'/proc/{pid}/maps', encoding='utf-8') as f:
            if 'asan' in f.read():
                return 0
        with open(f'/proc/{pid}/statm', encoding='ascii') as f:
            return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except OSError:
        return 0


class Service(unittest.TestCase):
    """The server as it should be."""

    def test_accepts_mail_on_each_port_by_each_mechanism(self):
        with Sandbox('--plain-auth') as s:
            for name in (587, 465, 25):
                for mechanism in ('PLAIN', 'LOGIN', 'CRAM-MD5'):
                    c = s.smtp(name)
                    c.ehlo()
                    c.user, c.password = 'user', 'password'
                    auth = getattr(c, 'auth_' + mechanism.lower().replace('-', '_'))
                    self.assertEqual(c.auth(mechanism, auth, initial_response_ok=False)[0], 235)
                    self.assertEqual(c.sendmail('a@b.test', ['c@d.test', 'e@f.test'], MESSAGE), {})
                    c.quit()
            self.assertEqual(s.end(), 0)
            self.assertEqual(s.messages(), [MESSAGE] * 9)
            seen = sorted((e['listener'], e['mechanism'], e['tls']) for e in s.envelopes())
            self.assertEqual(
                seen,
                sorted(
                    (p, m, t)
                    for p, t in (('587', 'TLS1.3'), ('465', 'TLS1.3'), ('25', 'clear'))
                    for m in ('PLAIN', 'LOGIN', 'CRAM-MD5')
                ),
            )

    def test_scram(self):
        with Sandbox('--user', 'user:password', '--user', 'jo:secret') as s:
            for hash_name in ('sha1', 'sha256'):
                for user, password, code, proven in (
                    ('user', 'password', '235', True),
                    ('jo', 'secret', '235', True),
                    ('user', 'wrong', '535', False),
                    ('nobody', 'x', '535', False),
                ):
                    with s.raw() as r:
                        r.to_tls()
                        reply, proof = scram(r, hash_name, password, user)
                        self.assertEqual((reply[:3], proof), (code, proven), (user, reply))

    def test_login_with_initial_response_and_refusals(self):
        with Sandbox() as s, s.raw() as r:
            r.to_tls()
            self.assertEqual(r.say('AUTH LOGIN'), '334 VXNlcm5hbWU6\r\n')
            r.say('*', '501 5.7.0')
            r.say('AUTH LOGIN dXNlcg==', '334 UGFzc3dvcmQ6')
            r.say('d3Jvbmc=', '535 5.7.8')
            r.say('AUTH PLAIN =', '5')
            r.say('AUTH NTLM', '504')
            r.say('AUTH', '501')
            r.say('AUTH PLAIN not/base64!', '501')

    def test_oauth(self):
        with Sandbox('--token', 'user:t0ken', '--mechanisms', 'OAUTHBEARER XOAUTH2') as s:

            def b64(text):
                return base64.b64encode(text.encode()).decode()

            for token, code in (('t0ken', '235'), ('other', '334')):
                with s.raw() as r:
                    r.to_tls()
                    r.say('AUTH XOAUTH2 ' + b64(f'user=user\1auth=Bearer {token}\1\1'), code)
                    if code == '334':
                        r.say('', '535')
                with s.raw() as r:
                    r.to_tls()
                    r.say('AUTH OAUTHBEARER ' + b64(f'n,a=user,\1auth=Bearer {token}\1\1'), code)
                    if code == '334':
                        r.say('AQ==', '535')

    def test_envelope(self):
        with Sandbox() as s:
            r = s.in_tls()
            r.say('MAIL FROM:<> SIZE=10 BODY=8BITMIME RET=HDRS ENVID=a+2Bb SMTPUTF8', '250')
            r.say('RCPT TO:<"a b\\"c"@[192.0.2.1]> NOTIFY=NEVER ORCPT=rfc822;x@y.test', '250')
            r.send('RCPT TO:<jürgen@bücher.test>\r\n'.encode())
            self.assertEqual(r.reply()[:3], '250')
            r.say('RCPT TO:<Postmaster>', '250')
            r.say('DATA', '354')
            reply = r.say('x\r\n.', '250 2.0.0 Ok: queued as ')
            r.say('QUIT', '221')
            self.assertEqual(s.end(), 0)
            (e,) = s.envelopes()
            self.assertEqual(e['reverse_path'], '')
            self.assertEqual(
                e['parameters'], ['SIZE=10', 'BODY=8BITMIME', 'RET=HDRS', 'ENVID=a+2Bb', 'SMTPUTF8']
            )
            self.assertEqual(
                [x['address'] for x in e['recipients']],
                ['"a b\\"c"@[192.0.2.1]', 'jürgen@bücher.test', 'Postmaster'],
            )
            self.assertEqual(
                e['recipients'][0]['parameters'], ['NOTIFY=NEVER', 'ORCPT=rfc822;x@y.test']
            )
            self.assertEqual(
                (e['ehlo'], e['user'], e['mechanism'], e['transfer'], e['octets']),
                ('a.test', 'user', 'PLAIN', 'DATA', 3),
            )
            self.assertEqual(reply.split()[-1], e['queue_id'])
            self.assertIn(f'accepted {e["queue_id"]} from=<>', s.out)

    def test_order_and_syntax(self):
        with Sandbox() as s, s.raw() as r:
            r.reply()
            for line, code in (
                ('MAIL FROM:<a@b.test>', '503'),
                ('FOO', '500 5.5.2'),
                ('', '500'),
                ('EHLO', '501'),
                ('HELO a', '250 '),
                ('AUTH PLAIN', '503'),
                ('EHLO a', '250'),
                ('AUTH PLAIN', '538 5.7.11'),
                ('MAIL FROM:<a@b.test>', '530 5.7.0'),
                ('STARTTLS x', '501'),
                ('RCPT TO:<a@b.test>', '503'),
                ('DATA', '503'),
                ('RSET', '250'),
                ('NOOP x', '250'),
                ('VRFY x', '252'),
                ('HELP', '500'),
            ):
                r.say(line, code)
            r.say('STARTTLS', '220')
            r.tls()
            r.say('MAIL FROM:<a@b.test>', '503')
            self.assertNotIn('STARTTLS', r.say('EHLO a', '250'))
            r.say('STARTTLS', '502')
            r.say('MAIL FROM:<a@b.test>', '530 5.7.0 Auth')
            r.say('AUTH PLAIN ' + base64.b64encode(b'\0user\0password').decode(), '235')
            for line, code in (
                ('AUTH PLAIN', '503'),
                ('MAIL FROM: <a@b.test>', '501'),
                ('MAIL FROM:a@b.test', '501'),
                ('MAIL FROM:<a>', '501 5.1.7'),
                ('MAIL FROM:<a@b.test> FOO=1', '555'),
                ('MAIL FROM:<a@b.test> SIZE=x', '501'),
                ('MAIL FROM:<a@b.test> SIZE=99999999', '552 5.3.4'),
                ('MAIL FROM:<\xe9@b.test>', '553 5.6.7'),
                ('MAIL FROM:<a@b.test> BODY=BINARYMIME', '555'),
                ('MAIL FROM:<a@b.test>', '250'),
                ('MAIL FROM:<a@b.test>', '503'),
                ('DATA', '554'),
                ('BDAT 5\r\nabc', '503'),
                ('RCPT TO:<>', '501'),
                ('RCPT TO:<a@b.test>', '250'),
                ('AUTH PLAIN', '503'),
                ('BDAT 5\r\nabc', '250'),
                ('DATA', '503'),
                ('RCPT TO:<a@b.test>', '503'),
                ('RSET', '250'),
                ('BDAT 5 LAST\r\nabc', '503'),
                ('BDAT x', '501'),
            ):
                r.say(line, code)
            self.assertEqual(r.rest(), b'')

    def test_capabilities_can_be_left_out(self):
        everything = {
            'PIPELINING',
            'SIZE',
            '8BITMIME',
            'SMTPUTF8',
            'CHUNKING',
            'DSN',
            'ENHANCEDSTATUSCODES',
            'STARTTLS',
        }
        for gone in sorted(everything):
            with Sandbox('--without', gone.lower()) as s, s.raw() as r:
                r.reply()
                lines = r.say('EHLO a').splitlines()[1:]
                self.assertEqual({x[4:].split()[0] for x in lines}, everything - {gone})
                self.assertEqual(
                    r.say('NOOP'),
                    '250 Ok\r\n' if gone == 'ENHANCEDSTATUSCODES' else '250 2.0.0 Ok\r\n',
                )
        with Sandbox('--no-auth', '--size', '9', '--without', 'CHUNKING DSN') as s, s.raw() as r:
            r.to_tls()
            text = r.say('EHLO a')
            self.assertIn('250-SIZE 9\r\n', text)
            self.assertNotIn('AUTH', text)
            r.say('MAIL FROM:<a@b.test> RET=FULL', '555')
            r.say('MAIL FROM:<a@b.test>', '250')
            r.say('RCPT TO:<a@b.test>', '250')
            r.say('BDAT 1 LAST', '502')

    def test_dots(self):
        for sent, kept in (
            ('\r\n.', '\r\n'),
            ('..\r\n.', '.\r\n'),
            ('.a\r\n.', 'a\r\n'),
            ('a\n.\nb\r\n.', 'a\n.\nb\r\n'),
            ('a\r.\rb\r\n.', 'a\r.\rb\r\n'),
            ('.\rx\r\n.', '\rx\r\n'),
            ('a\r\r\n.', 'a\r\r\n'),
            ('\0\xff\r\n.', '\0\xff\r\n'),
            ('.', ''),
        ):
            with Sandbox('--open') as s, s.raw(25) as r:
                r.reply()
                r.say('EHLO a')
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RCPT TO:<a@b.test>', '250')
                r.say('DATA', '354')
                for octet in sent.encode('latin-1') + b'\r\n':
                    r.send(bytes([octet]))
                self.assertEqual(r.reply()[:3], '250')
                self.assertEqual(s.messages(), [kept.encode('latin-1')])

    def test_chunks_and_size(self):
        with Sandbox('--size', '1000') as s:
            r = s.in_tls()
            for chunks, code in (
                (['a\r\n.\r\nb'], '250'),
                (['a', 'b', ''], '250'),
                (['a' * 999, 'bc'], '552 5.3.4'),
            ):
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RCPT TO:<a@b.test>', '250')
                for chunk in chunks[:-1]:
                    r.send(f'BDAT {len(chunk)}\r\n{chunk}')
                    self.assertEqual(r.reply()[:3], '250')
                r.send(f'BDAT {len(chunks[-1])} LAST\r\n{chunks[-1]}')
                self.assertTrue(r.reply().startswith(code))
            r.say('MAIL FROM:<a@b.test>', '250')
            r.say('RCPT TO:<a@b.test>', '250')
            r.say('DATA', '354')
            r.send('x' * 998 + '\r\n' + 'y\r\n.\r\n')
            self.assertEqual(r.reply()[:9], '552 5.3.4')
            r.say('NOOP', '250')
            self.assertEqual(sorted(s.messages()), [b'a\r\n.\r\nb', b'ab'])

    def test_many_connections_and_pipelining(self):
        with Sandbox('--judge', '--no-auth') as s:
            rs = [s.raw(25) for _ in range(40)]
            for i, r in enumerate(rs):
                r.reply()
                r.say('EHLO a')
                r.send(f'MAIL FROM:<{i}@b.test>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n')
            for r in reversed(rs):
                self.assertEqual([r.reply()[:3] for _ in range(3)], ['250', '250', '354'])
                r.send('x\r\n.\r\nQUIT\r\n')
            for r in rs:
                self.assertEqual([r.reply()[:3] for _ in range(2)], ['250', '221'])
            self.assertEqual(s.end(), 0, s.log())
            self.assertEqual(len(s.messages()), 40)

    def test_hostile_input_is_bounded(self):
        with Sandbox('--open', '--size', '0') as s:
            with s.raw(25) as r:
                r.reply()
                for _ in range(160):
                    r.send(b'A' * 65536)
                r.send(b'\r\nNOOP\r\n')
                self.assertEqual([r.reply()[:9] for _ in range(2)], ['500 5.5.2', '250 2.0.0'])
                r.say('NOOP ' + 'x' * 3000, '500 5.5.2')
                for i in range(2000):
                    r.send('NOOP\r\n' * 50)
                    for _ in range(50):
                        r.line()
                for _ in range(19):
                    r.say('\0\xff', '500')
                self.assertTrue(r.rest() == b'' if not r.say('X', '421') else True)
            with s.raw(25) as r:  # pipelines without reading
                r.socket.settimeout(0.5)
                try:
                    for _ in range(400):
                        r.send(b'VRFY x\r\n' * 8192)
                except socket.timeout:
                    pass
            self.assertLess(resident(s.process.pid), 32 << 20)
            for junk in (b'EHLO a\r\n', os.urandom(4096), b'\x16\x03\x01\xff\xff' + b'x' * 70000):
                with s.raw(465) as r:
                    try:
                        r.send(junk)
                        r.socket.shutdown(socket.SHUT_WR)
                        r.rest()
                    except OSError:
                        pass
            for _ in range(50):
                with s.raw() as r:
                    r.socket.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)
                    )
            with s.raw(25) as r:
                r.reply()
                r.say('NOOP', '250')
            self.assertEqual(s.end(), 0, s.err)

    def test_shutdown_says_421(self):
        with Sandbox() as s, s.raw(25) as r:
            r.reply()
            s.process.send_signal(signal.SIGTERM)
            self.assertEqual(r.rest(), b'421 4.3.2 Shutting down\r\n')
            self.assertEqual(s.wait(), 0)

    def test_count_and_time(self):
        with Sandbox('--count', '2', '--open') as s:
            c = s.smtp(25)
            for _ in range(2):
                c.sendmail('a@b.test', 'c@d.test', b'x\r\n')
            self.assertEqual(c.noop()[0], 250)
            c.quit()
            self.assertEqual(s.wait(), 0)
        with Sandbox('--time', '1') as s:
            began = time.time()
            self.assertEqual(s.wait(), 0)
            self.assertGreater(time.time() - began, 0.5)


class Program(unittest.TestCase):
    """Options, files, messages."""

    def run_it(self, *options):
        return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=60)

    def test_help_and_version(self):
        self.assertIn('--refuse-recipient', self.run_it('--help').stdout)
        self.assertRegex(self.run_it('--version').stdout, r'^postern-sandbox \d+\.\d+\.\d+\n$')

    def test_wrong_options(self):
        for options, text in (
            (['--refuse-recipeint', 'x'], 'did you mean --refuse-recipient?'),
            (['--zzzzzzzzzz'], 'see --help'),
            (['x'], 'not an option'),
            (['--listen'], 'value is missing'),
            (['--keep=1'], 'no value'),
            (['--listen', 'x'], 'not a number'),
            (['--listen', 'h.test:1'], 'not an IP address'),
            (['--listen', '1/tls'], 'mode'),
            (['--listen', '65536'], '65535'),
            (['--listen', 'a=1', '--listen', 'a=2'], 'already'),
            (['--address', 'localhost'], 'not an IP address'),
            (['--user', 'x'], 'NAME:SECRET'),
            (['--reply', 'FOO=x'], 'no such command'),
            (['--reply', 'MAIL'], 'missing'),
            (['--reply', 'MAIL#0=x'], '#'),
            (['--reply', 'MAIL=\\q'], 'escape'),
            (['--drop', 'MAIL=x'], 'only a command'),
            (['--delay', 'MAIL=x'], 'milliseconds'),
            (['--without', 'FOO'], 'extension'),
            (['--mechanisms', 'FOO'], 'not known'),
            (['--tls', '1.4'], '1.2'),
            (['--certificate', 'x'], 'no such kind'),
            (['--on', 'x', '--open'], 'no listener'),
            (['--script', '/nonexistent'], 'cannot be read'),
            (['--size', '-1'], 'not a number'),
            (['--count', 'x'], 'not a number'),
        ):
            done = self.run_it(*options)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(text, done.stderr)

    def test_script_errors_name_the_line(self):
        with tempfile.NamedTemporaryFile('w', suffix='.script') as f:
            f.write('send "a"\nsned "b"\n')
            f.flush()
            self.assertIn('line 2: no such step: "sned"', self.run_it('--script', f.name).stderr)
        with tempfile.NamedTemporaryFile('w', suffix='.script') as f:
            f.write('tls nice\n')
            f.flush()
            self.assertIn('certificate: nice', self.run_it('--script', f.name).stderr)

    def test_port_in_use(self):
        with socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            done = self.run_it('--listen', str(port))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'port {port}', done.stderr)

    def test_ready_file_and_url(self):
        with tempfile.TemporaryDirectory() as d:
            ready = os.path.join(d, 'ready')
            with Sandbox('--ready-file', ready, '--user', 'a@b:p/w %') as s:
                with open(ready, encoding='ascii') as f:
                    lines = dict(x.rstrip('\n').split('=', 1) for x in f)
                self.assertEqual({k: v.strip("'") for k, v in lines.items()}, s.values)
                self.assertEqual(
                    s.values['PORTS'], f'{s.port(587)}/starttls,{s.port(465)}/implicit'
                )
                self.assertEqual(
                    s.values['POSTERN_URL'],
                    f'smtp://a%40b:p%2Fw%20%25@localhost?ports={s.values["PORTS"]}'
                    f'&cafile={s.values["CA"]}',
                )

    def test_directories(self):
        with tempfile.TemporaryDirectory() as d:
            for keep in (False, True):
                p = subprocess.Popen(
                    [PROGRAM, '--listen', '0', *(['--keep'] if keep else [])],
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, 'TMPDIR': d},
                )
                self.assertEqual(
                    p.stdout.readline()[: 5 + len(d)], f"DIR='{os.path.realpath(d)}"[: 5 + len(d)]
                )
                while p.stdout.readline() != 'ready\n':
                    pass
                p.terminate()
                p.communicate(timeout=60)
                self.assertEqual(len(os.listdir(d)), 1 if keep else 0)
        with Sandbox() as s:
            state, ca = s.values['DIR'], open(s.values['CA'], 'rb').read()
            s.end()
            again = subprocess.Popen(
                [PROGRAM, '--listen', '0', '--dir', state], stdout=subprocess.PIPE, text=True
            )
            while again.stdout.readline() != 'ready\n':
                pass
            self.assertEqual(open(s.values['CA'], 'rb').read(), ca)  # the same authority
            again.terminate()
            again.communicate(timeout=60)

    def test_addresses(self):
        if not socket.has_ipv6:
            self.skipTest('no IPv6')
        try:
            socket.create_server(('::1', 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest('no IPv6')
        with Sandbox(
            '--listen',
            'x=0',
            '--listen',
            'y=[::1]:0/implicit',
            '--address',
            '127.0.0.1',
            '--address',
            '::1',
        ) as s:
            for host, name in (('127.0.0.1', 'x'), ('::1', 'x'), ('::1', 'y')):
                with socket.create_connection((host, s.port(name)), 20) as c:
                    if name == 'x':
                        self.assertEqual(c.recv(4), b'220 ')
            with self.assertRaises(OSError):
                socket.create_connection(('127.0.0.1', s.port('y')), 20)

    def test_print(self):
        with Sandbox('--print', '--open') as s:
            c = s.smtp(25)
            c.sendmail('a@b.test', 'c@d.test', b'Subject: x\r\n\r\n\x1b[31m\r\n')
            c.quit()
            s.end()
            self.assertIn('| Subject: x\n| \n| \\x1b[31m\n', s.out)


class Misbehaviour(unittest.TestCase):
    """Each on command, and only where it was ordered."""

    def test_replies(self):
        for command, talk in (
            ('GREETING', []),
            ('EHLO', ['EHLO a']),
            ('HELO', ['HELO a']),
            ('STARTTLS', ['EHLO a', 'STARTTLS']),
            ('AUTH', ['EHLO a', 'AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=']),
            ('MAIL', ['EHLO a', 'MAIL FROM:<a@b.test>']),
            ('RCPT', ['EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>']),
            ('DATA', ['EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>', 'DATA']),
            ('DOT', ['EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>', 'DATA', 'x\r\n.']),
            ('DOT', ['EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>', 'BDAT 5 LAST\r\nabc']),
            ('BDAT', ['EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>', 'BDAT 5\r\nabc']),
            ('RSET', ['RSET']),
            ('NOOP', ['NOOP']),
            ('VRFY', ['VRFY a']),
            ('QUIT', ['QUIT']),
        ):
            name = 587 if command == 'STARTTLS' else 25
            for option in ('--reply', '--drop', '--delay'):
                value = {
                    '--reply': f'{command}=451-a\\r\\n451 4.3.0 \\x41',
                    '--drop': command,
                    '--delay': f'{command}=300',
                }[option]
                with Sandbox('--open', '--plain-auth', '--on', str(name), option, value) as s:
                    with s.raw(name) as r:
                        began = time.time()
                        replies = []
                        try:
                            replies.append(r.reply())
                            for line in talk:
                                replies.append(r.say(line))
                        except EOFError:
                            replies.append('')
                        if option == '--reply':
                            self.assertEqual(replies[-1], '451-a\r\n451 4.3.0 A\r\n', command)
                        elif option == '--drop':
                            self.assertEqual(replies[-1], '', command)
                        else:
                            self.assertGreater(time.time() - began, 0.25, command)
                            self.assertLess(replies[-1][:1], '4', command)
                        self.assertEqual(len(replies), 1 + len(talk), (command, option))
                    self.assertEqual(
                        len(s.messages()), 1 if option == '--delay' and command == 'DOT' else 0
                    )

    def test_421_closes_and_554_greeting_serves_no_one(self):
        with Sandbox(
            '--on',
            '25',
            '--reply',
            'NOOP=421 4.3.2 later',
            '--on',
            '587',
            '--reply',
            'GREETING=554 5.3.2 no',
        ) as s:
            with s.raw(25) as r:
                r.reply()
                r.say('NOOP', '421 4.3.2 later')
                self.assertEqual(r.rest(), b'')
            with s.raw() as r:
                self.assertEqual(r.reply(), '554 5.3.2 no\r\n')
                r.say('EHLO a', '503')
                r.say('QUIT', '221')

    def test_nth_time(self):
        with Sandbox('--open', '--reply', 'NOOP#2=450 no', '--drop', 'NOOP#4') as s, s.raw(25) as r:
            r.reply()
            self.assertEqual([r.say('NOOP')[:3] for _ in range(3)], ['250', '450', '250'])
            with self.assertRaises(EOFError):
                r.say('NOOP')

    def test_refusals(self):
        with Sandbox(
            '--open',
            '--refuse-recipient',
            'bad*',
            '--refuse-recipient',
            '*@busy.test=450 4.2.0 busy',
            '--refuse-sender',
            'x@*',
        ) as s, s.raw(25) as r:
            r.reply()
            r.say('EHLO a')
            r.say('MAIL FROM:<x@b.test>', '550 5.7.1')
            r.say('MAIL FROM:<a@b.test>', '250')
            r.say('RCPT TO:<bad@b.test>', '550 5.1.1')
            r.say('RCPT TO:<a@busy.test>', '450 4.2.0 busy')
            r.say('RCPT TO:<a@b.test>', '250')
            r.say('DATA', '354')
            r.say('.', '250')
            self.assertEqual([x['address'] for x in s.envelopes()[0]['recipients']], ['a@b.test'])

    def test_recipients_limit(self):
        with Sandbox('--open', '--recipients', '2') as s, s.raw(25) as r:
            r.reply()
            r.say('EHLO a')
            r.say('MAIL FROM:<a@b.test>', '250')
            self.assertEqual(
                [r.say('RCPT TO:<a@b.test>')[:9] for _ in range(3)],
                ['250 2.1.5', '250 2.1.5', '452 4.5.3'],
            )

    def test_injection(self):
        with Sandbox('--inject', '250-x\\r\\n250 ') as s, s.raw() as r:
            r.reply()
            r.say('EHLO a')
            r.send('STARTTLS\r\n')
            self.assertEqual(r.socket.recv(4096), b'220 2.0.0 Ready to start TLS\r\n250-x\r\n250 ')

    def test_silent_blocked_stalled(self):
        with Sandbox(
            '--on', '587', '--silent', '--on', '465', '--blocked', '--on', '25', '--stalled'
        ) as s:
            with s.raw() as r:
                r.socket.settimeout(0.3)
                r.send('EHLO a\r\n')
                with self.assertRaises(socket.timeout):
                    r.line()
            with self.assertRaises(ConnectionRefusedError):
                s.raw(465)
            if sys.platform == 'linux':
                with self.assertRaises(socket.timeout):
                    socket.create_connection(('127.0.0.1', s.port(25)), 0.5)

    def test_no_starttls_and_dropped_handshakes(self):
        with Sandbox('--no-starttls', '--drop', 'TLS') as s:
            with s.raw() as r:
                r.reply()
                self.assertNotIn('STARTTLS', r.say('EHLO a'))
                r.say('STARTTLS', '502')
            with s.raw(465) as r, self.assertRaises((ssl.SSLError, OSError)):
                r.tls()

    def test_certificates(self):
        for kind, good in (
            ('good', True),
            ('intermediate', True),
            ('expired', False),
            ('not-yet-valid', False),
            ('wrong-name', False),
            ('self-signed', False),
            ('unknown-authority', False),
            ('missing-intermediate', False),
            ('not-authority', False),
            ('ip-as-dns', False),
            ('wrong-purpose', False),
            ('wildcard', False),
            ('partial-wildcard', False),
        ):
            with Sandbox('--certificate', kind) as s, s.raw(465) as r:
                if good:
                    r.tls()
                    self.assertEqual(r.reply()[:3], '220')
                else:
                    with self.assertRaises(ssl.SSLCertVerificationError, msg=kind):
                        r.tls()

    def test_certificate_names(self):
        for kind, host, good in (
            ('good', '127.0.0.1', True),
            ('good', '::1', True),
            ('good', 'mail.sandbox.test', True),
            ('good', 'x.test', False),
            ('wildcard', 'a.sandbox.test', True),
            ('ip-as-dns', '127.0.0.1', False),
        ):
            with Sandbox('--certificate', kind) as s, s.raw(465) as r:
                try:
                    r.context.wrap_socket(r.socket, server_hostname=host).close()
                    self.assertTrue(good, (kind, host))
                except ssl.SSLCertVerificationError:
                    self.assertFalse(good, (kind, host))

    def test_tls_versions(self):
        for option, version in (('1.2', 'TLSv1.2'), ('1.3', 'TLSv1.3'), ('1.2-1.3', 'TLSv1.3')):
            with Sandbox('--tls', option) as s, s.raw(465) as r:
                r.tls()
                self.assertEqual(r.socket.version(), version)


class Scripts(unittest.TestCase):
    """Conversations as data."""

    def test_whole_session(self):
        digest = hashlib.sha256(MESSAGE).hexdigest()
        with Sandbox(
            script=f'''
                greet "220 a\\r\\n"
                expect "EHLO *"
                send "250-a\\r\\n250 STARTTLS\\r\\n"
                expect STARTTLS
                send "220 go\\r\\n"
                tls good 1.2 1.2
                expect "EHLO *"
                send "250 a\\r\\n"
                expect-any
                send "250 ok\\r\\n"
                expect "RCPT TO:<?@d.test>"
                send "250 ok\\r\\n"
                expect DATA
                send "354 go\\r\\n"
                expect-data {digest}
                send "250 done\\r\\n"
                maybe QUIT
                send "221 bye\\r\\n"
                fin
                '''
        ) as s:
            c = s.smtp()
            self.assertEqual(c.sock.version(), 'TLSv1.2')
            c.sendmail('a@b.test', 'c@d.test', MESSAGE)
            c.quit()
            s.wait_log('close turns=')
            self.assertEqual(s.end(), 0, s.log())

    def test_tls13_messages_and_implicit(self):
        with Sandbox(
            script='tls good 1.3\npost tickets 70\npost keyupdate 5\nsend "220 a\\r\\n"\n'
            'expect QUIT\nsend "221 b\\r\\n"\ntruncate\n'
        ) as s:
            with s.raw(465) as r:
                r.tls()
                self.assertEqual(r.reply(), '220 a\r\n')
                self.assertEqual(r.say('QUIT'), '221 b\r\n')
                with self.assertRaises(ssl.SSLEOFError):
                    r.socket.recv(1)
            self.assertEqual(s.end(), 0, s.log())

    def test_hello_request(self):
        with Sandbox(script='tls good 1.2 1.2\npost hellorequest 1\nsend "a\\r\\n"\n') as s:
            with s.raw(465) as r:
                r.context.options |= ssl.OP_NO_RENEGOTIATION
                r.tls()
                self.assertEqual(r.line(), b'a\r\n')
            self.assertIn('posted 1', s.log())

    def test_segments(self):
        with Sandbox(
            script='seg 1 20\nsend "220 ab\\r\\n"\nseg 0\ncut 3\nsend "123456\\r\\n"\n'
        ) as s:
            with s.raw() as r:
                pieces = []
                while b''.join(pieces) != b'220 ab\r\n123456\r\n':
                    pieces.append(r.socket.recv(100))
                self.assertGreaterEqual(len(pieces), 5, pieces)

    def test_delay_and_stop_read(self):
        with Sandbox(
            script='stop-read 1500\ndelay 200\nsend "a\\r\\n"\nexpect x\n' 'send "b\\r\\n"\n'
        ) as s:
            with s.raw() as r:
                began = time.time()
                r.send('x\r\n')
                self.assertEqual(r.line(), b'a\r\n')
                middle = time.time() - began
                self.assertEqual(r.line(), b'b\r\n')
                self.assertTrue(0.15 < middle < 1.4, middle)
                self.assertGreater(time.time() - began, 1.4)

    def test_repeat(self):
        with Sandbox(
            script='repeat 2\nsend "("\nrepeat 3\nsend "."\nend\nsend ")"\nend\nfin\n'
        ) as s:
            with s.raw() as r:
                self.assertEqual(r.rest(), b'(...)(...)')
        with Sandbox(script='repeat 0\nsend "250-" "x"*100 "\\r\\n"\nend\n') as s:
            with s.raw() as r, s.raw() as other:
                total = 0
                while total < 4 << 20:
                    total += len(r.socket.recv(65536))
                self.assertEqual(other.line()[:5], b'250-x')
            self.assertEqual(s.end(), 0)
            self.assertLess(len(s.log()), 100000)

    def test_big_send_to_a_slow_reader(self):
        with Sandbox(script='send "x"*8388608\nfin\n') as s, s.raw() as r:
            time.sleep(0.2)
            self.assertEqual(len(r.rest()), 8388608)

    def test_parts(self):
        with Sandbox(
            script='send "other"\nfin\nport 587\nsend "first"\nfin\nport 587\n'
            'send "second"\nfin\n'
        ) as s:
            got = []
            for name in (587, 587, 587, 25):
                with s.raw(name) as r:
                    got.append(r.rest())
            self.assertEqual(got, [b'first', b'second', b'second', b'other'])

    def test_rst_and_raw_tls(self):
        with Sandbox(
            script='port 587\nexpect a\nsend "a"\nrst\n' 'port 465\ntls-raw "554 no\\r\\n"\nfin\n'
        ) as s:
            with s.raw() as r, self.assertRaises(ConnectionResetError):
                r.send('a\r\n')
                r.rest()
                r.rest()
            with s.raw(465) as r, self.assertRaises(ssl.SSLError):
                r.tls()
            self.assertEqual(s.end(), 0, s.log())

    def test_challenge(self):
        with Sandbox(script='expect "AUTH *"\nchallenge "r=%nX,s=QQ==,i=1"\n') as s, s.raw() as r:
            reply = r.say('AUTH SCRAM-SHA-1 ' + base64.b64encode(b'n,,n=a,r=abc').decode())
            self.assertEqual(base64.b64decode(reply[4:]), b'r=abcX,s=QQ==,i=1')

    def test_chunks(self):
        digest = hashlib.sha256(b'ab\r\n').hexdigest()
        with Sandbox(
            script=f'expect-bdat {digest}\nsend "250 ok\\r\\n"\nexpect-bdat\nsend "1"\n'
        ) as s:
            with s.raw() as r:
                r.say('BDAT 4\r\nab', '250')
                r.send('BDAT 0 LAST\r\n')
                self.assertEqual(r.socket.recv(1), b'1')
            self.assertEqual(s.end(), 0, s.log())

    def test_content_of_a_file(self):
        with tempfile.NamedTemporaryFile() as f:
            f.write(b'.\r\n')
            f.flush()
            for sent, status in (('..\r\n.\r\n', 0), ('.x\r\n.\r\n', 3)):
                with Sandbox(script=f'expect-data {f.name}\nsend "1"\n') as s:
                    with s.raw() as r:
                        r.send(sent)
                        r.socket.recv(1)
                    self.assertEqual(s.end(), status)

    def test_violations(self):
        for script, sent, wanted in (
            ('expect "EHLO *"', 'HELO a\r\n', 'script line 1 (expect): got HELO a'),
            ('expect "EHLO *"', '', 'the client closed before'),
            ('expect "EHLO *"', 'EHLO a', 'the client closed before'),
            ('maybe QUIT', 'NOOP\r\n', 'got NOOP'),
            ('maybe QUIT', '', None),
            ('maybe QUIT', 'QUIT\r\n', None),
            ('never "*"', 'X\r\n', 'script line 1 (never): got X'),
            ('never "*"', '\x16\x03', 'got \\x16\\x03'),
            ('never "*"', '', None),
            ('never "MAIL *"', 'EHLO a\r\nQUIT\r\n', None),
            ('never "MAIL *"', 'EHLO a\r\nmail from:<>\r\n', 'got mail from'),
            ('expect a\nlimit-octets 0', 'a\r\n', None),
            ('limit-octets 2', 'abc', 'limit-octets'),
            ('limit-octets 3', 'abc', None),
            ('expect-bdat', 'DATA\r\n', 'got DATA'),
            ('expect-data', 'abc', 'closed before'),
            ('expect-data ' + '0' * 64, '.\r\n', 'other content'),
            ('expect-any\nsecret-seen no', 'cGFzc3dvcmQ=\r\n', 'a secret in clear'),
            ('expect-any', 'cGFzc3dvcmQ=\r\n', None),
            ('expect-any', 'x' * 70000, 'without end'),
        ):
            with Sandbox(script=script) as s:
                with s.raw() as r:
                    r.send(sent)
                    r.socket.shutdown(socket.SHUT_WR)
                    try:
                        r.rest()
                    except ConnectionResetError:
                        pass
                self.assertEqual(s.end(), 3 if wanted else 0, (script, sent, s.log()))
                if wanted:
                    self.assertIn(wanted, s.err.replace('\\\\', '\\'), script)

    def test_client_refuses_certificate(self):
        with Sandbox(script='tls expired\nexpect EHLO\n') as s:
            with s.raw(465) as r, self.assertRaises(ssl.SSLCertVerificationError):
                r.tls()
            s.wait_log('TLS failed')
            self.assertEqual(s.end(), 0, s.log())


class Log(unittest.TestCase):
    """What a test reads there."""

    def test_turns(self):
        with Sandbox('--no-auth') as s:
            with s.raw(25) as r:
                r.reply()  # 1
                r.say('EHLO a')  # 2
                r.send('MAIL FROM:<a@b.test>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n')
                for _ in range(3):
                    r.reply()  # 3
                r.send('x\r\n.\r\n')
                r.reply()  # 4
                r.say('QUIT')  # 5
                self.assertEqual(r.rest(), b'')
            s.wait_log('close turns=5 ')
            self.assertIn('* clear 3 content 3 octets', s.log())
            self.assertNotIn(' x\\r\\n', s.log())
            s.end()

    def test_turns_of_tls(self):
        with Sandbox() as s:
            with s.raw(465) as r:  # ServerHello, greeting, 250, 221
                r.tls()
                r.reply()
                r.say('EHLO a')
                r.say('QUIT')
            s.wait_log('close turns=4 ')
            self.assertIsNotNone(
                re.search(r'^[0-9.]+ 1 465 C TLS1.3 2 EHLO a\\r\\n$', s.log(), re.M)
            )

    def test_secrets_in_clear_are_noted(self):
        for line in ('AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=', 'password', 'cGFzc3dvcmQ='):
            with Sandbox() as s, s.raw() as r:
                r.reply()
                r.say(line)
                self.assertIn('clear-secret', s.log())
        with Sandbox() as s, s.raw() as r:
            r.reply()
            r.say('EHLO a')
            r.say('MAIL FROM:<a@b.test>')
            self.assertIn('clear-mail', s.log())
            self.assertNotIn('clear-secret', s.log())
        with Sandbox() as s:
            s.in_tls()
            self.assertNotIn('clear-', s.log())


class Judge(unittest.TestCase):
    """Findings, and their absence."""

    def judged(self, octets, *options, name=25, wanted=None):
        with Sandbox('--judge', '--open', *options) as s:
            with s.raw(name) as r:
                r.reply()
                r.say('EHLO a', '250')
                r.send(octets)
                r.socket.shutdown(socket.SHUT_WR)
                try:
                    r.rest()
                except ConnectionResetError:
                    pass
            s.wait_log('close turns=')
            self.assertEqual(s.end(), 3 if wanted else 0, (octets, s.log()))
            if wanted:
                self.assertIn('violation: ' + wanted, s.err, octets)
            else:
                self.assertNotIn('violation', s.log())

    def test_findings(self):
        mail = 'MAIL FROM:<a@b.test>\r\nRCPT TO:<a@b.test>\r\n'
        for octets, options, name, wanted in (
            (mail + 'DATA\r\n', [], 25, None),
            (mail + 'BDAT 3 LAST\r\nab\nNOOP\r\n', [], 25, 'W6 LF without CR'),
            (mail + 'BDAT 4 LAST\r\nab\r\nNOOP\r\n', [], 25, None),
            (mail, ['--without', 'PIPELINING'], 25, 'W4'),
            ('NOOP\r\nNOOP\r\n', [], 25, 'W4 6 octets sent ahead of the reply to NOOP'),
            (mail + 'DATA\r\nx\r\n.\r\n', [], 25, 'W4'),
            ('MAIL FROM:<a@b.test>\r\n', [], 587, 'W1 without TLS: MAIL'),
            ('NOOP\r\n', [], 587, 'W1'),
            ('QUIT\r\n', [], 587, None),
            ('cGFzc3dvcmQ=\r\n', [], 25, 'W1 a secret in clear'),
            ('STARTTLS\r\nEHLO a\r\n', [], 587, 'W4'),
            ('NOOP\n', [], 25, 'W3 a line that does not end in CRLF'),
            ('NOOP \t\r\n', [], 25, 'W3 octet 0x09'),
            ('NOOP \x7f\r\n', [], 25, 'W3 octet 0x7f'),
            ('NOOP \xe9\r\n', ['--without', 'SMTPUTF8'], 25, 'W3 octet 0xe9'),
            ('NOOP ' + 'x' * 505 + '\r\n', [], 25, None),
            ('NOOP ' + 'x' * 506 + '\r\n', [], 25, 'W3 a line of 513 octets'),
            ('MAIL FROM:<a@b.test> SIZE=1\r\n', ['--without', 'SIZE'], 25, 'W5 SIZE'),
            ('MAIL FROM:<a@b.test> SIZE=1\r\n', [], 25, None),
            ('MAIL FROM:<a@b.test> FOO=1\r\n', [], 25, 'W5 FOO'),
            (mail + 'BDAT 0 LAST\r\n', ['--without', 'CHUNKING'], 25, 'W5 BDAT'),
        ):
            self.judged(octets, *options, name=name, wanted=wanted)

    def test_content(self):
        for text, wanted in (
            ('a\r\n', None),
            ('x' * 998 + '\r\n', None),
            ('.' + '.' + 'x' * 997 + '\r\n', None),
            ('x' * 999 + '\r\n', 'W6 a line over'),
            ('a\nb\r\n', 'W6 LF without CR'),
            ('a\rb\r\n', 'W6 CR without LF'),
            ('\0\r\n', 'W6 NUL'),
        ):
            with Sandbox('--judge', '--no-auth') as s:
                with s.raw(25) as r:
                    r.reply()
                    for line in ('EHLO a', 'MAIL FROM:<a@b.test>', 'RCPT TO:<a@b.test>', 'DATA'):
                        r.say(line)
                    r.send(text + '.\r\n')
                    self.assertEqual(r.reply()[:3], '250')
                self.assertEqual(s.end(), 3 if wanted else 0, text[:20])
                self.assertIn(wanted or '', s.err)

    def test_auth(self):
        for lines, wanted in (
            (['PLAIN AHVzZXIAcGFzc3dvcmQ='], None),
            (['PLAIN AAA', 'LOGIN'], None),
            (['PLAIN AAA', 'PLAIN AAA'], 'W8 AUTH PLAIN for the second'),
            (['PLAIN AHVzZXIAeHh4eA==', 'LOGIN'], 'W8 AUTH after'),
            (['PLAIN AHVzZXIAcGFzc3dvcmQ=', 'LOGIN'], 'W8 AUTH after'),
        ):
            with Sandbox('--judge') as s:
                with s.raw(465) as r:
                    r.tls()
                    r.reply()
                    r.say('EHLO a')
                    for line in lines:
                        r.say('AUTH ' + line)
                self.assertEqual(s.end(), 3 if wanted else 0, (lines, s.log()))
                self.assertIn(wanted or '', s.err)

    def test_first_octet_of_tls(self):
        with Sandbox('--judge') as s:
            with s.raw() as r:
                r.reply()
                r.say('EHLO a')
                r.say('STARTTLS', '220')
                r.send('EHLO a\r\n')
                r.rest()
            self.assertEqual(s.end(), 3)
            self.assertIn('W2 the first octet of the handshake is 0x45', s.err)

    def test_before_the_greeting(self):
        with Sandbox('--judge', '--delay', 'GREETING=300') as s:
            with s.raw(25) as r:
                r.send('EHLO a\r\n')
                r.reply()
            self.assertEqual(s.end(), 3)
            self.assertIn('W4 8 octets before the greeting', s.err)


if __name__ == '__main__':
    unittest.main(warnings='ignore')
