# SPDX-License-Identifier: LGPL-2.1-or-later
"""postern-sandbox's TLS: certificates, staples, resumption, misbehaviour, the man in the middle."""

import re
import shutil
import socket
import ssl
import subprocess
import unittest

from sandbox_test import Raw, Sandbox
from sign_in_test import b64, connect, scram

GNUTLS = shutil.which('gnutls-cli')
OPENSSL = shutil.which('openssl')


def ask(s, name, ca='ca.pem'):
    """What gnutls-cli says of the certificate on an implicit port."""
    done = subprocess.run([GNUTLS, f'--x509cafile={s.values["DIR"]}/{ca}', '-p', str(s.port(name)),
                           'localhost'], input='QUIT\r\n', capture_output=True, text=True,
                          timeout=60, check=False)
    found = re.search(r'- Status: (.*)', done.stdout + done.stderr)
    return found.group(1) if found else done.stdout + done.stderr


def listeners(rows, option):
    options = []
    for i, row in enumerate(rows):
        options += ['--listen', f'l{i}=0/implicit']
    for i, row in enumerate(rows):
        options += ['--on', f'l{i}', option, row]
    return options


@unittest.skipUnless(GNUTLS, 'gnutls-cli is not here')
class Certificates(unittest.TestCase):
    """Each kind is what it says: by the words of an independent client."""

    KINDS = {
        'upper-case': 'is trusted', 'permitted': 'is trusted', 'just-begun': 'is trusted',
        'intermediate': 'is trusted',
        'must-staple': 'OCSP status is missing',
        'just-ended': 'expired', 'expired-intermediate': 'expired',
        'expired-authority': 'issuer is unknown',
        'cn-and-other-name': 'name', 'cn-and-uri': 'name', 'star': 'name',
        'inner-wildcard': 'name', 'below': 'name', 'nul-name': 'name', 'long-name': 'name',
        'many-names': 'name',
        'loop': 'unknown', 'version-1': 'issuer', 'path-length': 'constraints',
        'deep': 'limits were reached', 'not-permitted': 'constraints', 'excluded': 'constraints',
        'excluded-upper-case': 'constraints', 'nothing-permitted': 'constraints',
        'md5': 'insecure', 'weak-curve': 'alert', 'wrong-key': 'signature',
    }

    def test_kinds(self):
        rows = list(self.KINDS)
        for at in range(0, len(rows), 16):
            part = rows[at:at + 16]
            with Sandbox(*listeners(part, '--certificate')) as s:
                for i, kind in enumerate(part):
                    self.assertIn(self.KINDS[kind], ask(s, f'l{i}'), kind)
                    if kind == 'expired-authority':
                        self.assertIn('expired', ask(s, f'l{i}', 'ca-expired.pem'))

    def test_staples(self):
        rows = {'good': 'is trusted', 'revoked': 'revoked', 'expired': 'superseded',
                'other': 'response is invalid', 'forged': 'response is invalid',
                'garbage': 'response is invalid', 'none': 'is trusted'}
        with Sandbox(*listeners(rows, '--staple')) as s:
            for i, (kind, words) in enumerate(rows.items()):
                self.assertIn(words, ask(s, f'l{i}'), kind)
        with Sandbox('--listen', 'l0=0/implicit', '--certificate', 'must-staple', '--staple',
                     'good') as s:
            self.assertIn('is trusted', ask(s, 'l0'))

    @unittest.skipUnless(OPENSSL, 'openssl(1) is not here')
    def test_staples_by_openssl(self):
        rows = {'good': 'Cert Status: good', 'revoked': 'Cert Status: revoked',
                'unknown': 'Cert Status: unknown', 'try-later': 'trylater (0x3)',
                'not-yet-valid': 'Cert Status: good', 'none': 'no response sent'}
        with Sandbox(*listeners(rows, '--staple')) as s:
            for i, (kind, words) in enumerate(rows.items()):
                done = subprocess.run([OPENSSL, 's_client', '-status', '-CAfile', s.values['CA'],
                                       '-connect', f'localhost:{s.port(f"l{i}")}'], input='QUIT\n',
                                      capture_output=True, text=True, timeout=30, check=False)
                self.assertIn(words, done.stdout, kind)


class Resumption(unittest.TestCase):
    def twice(self, *options, version=None):
        """Whether the second session resumed the first."""
        with Sandbox(*options) as s:
            context = ssl.create_default_context(cafile=s.values['CA'])
            if version:
                context.maximum_version = version
            session = None
            for _ in range(2):
                with socket.create_connection(('127.0.0.1', s.port(465)), 20) as plain:
                    with context.wrap_socket(plain, server_hostname='localhost',
                                             session=session) as tls:
                        tls.recv(100)
                        tls.sendall(b'QUIT\r\n')
                        tls.recv(100)
                        session, resumed = tls.session, tls.session_reused
            self.assertEqual(bool(re.search('TLS up .* resumed', s.log())), resumed)
            return resumed

    def test_resumption(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertTrue(self.twice(version=version))
            self.assertTrue(self.twice('--tickets', '9', version=version))
            self.assertFalse(self.twice('--tickets', '0', version=version))
            self.assertFalse(self.twice('--no-resumption', version=version))


class Misbehaviour(unittest.TestCase):
    def session(self, *options):
        """A whole mail through it; the log."""
        with Sandbox(*options) as s:
            with s.in_tls() as r:
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RCPT TO:<a@b.test>', '250')
                r.say('DATA', '354')
                r.say('x\r\n.', '250')
                r.say('QUIT', '221')
            s.wait_log('close turns=')
            return s.log()

    def test_extras_are_harmless(self):
        for extra in ('tickets*5', 'keyupdate*6', 'alerts*3', 'empty*20'):
            log = self.session('--extra', f'EHLO#2={extra}', '--extra', f'DOT={extra}')
            name, times = extra.split('*')
            self.assertEqual(log.count(f'* TLS1.3 4 {times} {name} sent\n'), 1, log)
            self.assertEqual(len(re.findall(f'{times} {name} sent\n', log)), 2, log)

    def test_a_hello_request_is_sent(self):
        with Sandbox('--tls', '1.2', '--extra', 'EHLO#2=hellorequest') as s:
            with self.assertRaises(ssl.SSLError) as caught:
                s.in_tls()
            self.assertIn('NO_RENEGOTIATION', str(caught.exception))
            self.assertIn('1 hellorequest sent\n', s.log())

    def test_records(self):
        log = self.session('--records', '1')
        more = int(re.search(r'close turns=.* out=(\d+)', log).group(1))
        usual = int(re.search(r'close turns=.* out=(\d+)', self.session()).group(1))
        self.assertGreater(more, usual + 3000)

    def test_garbled(self):
        for record, where in (('5', 'TLS failed'), ('10', 'TLS broke')):
            with Sandbox('--garble', record) as s:
                with self.assertRaises((ssl.SSLError, EOFError, ConnectionError)):
                    s.in_tls().say('NOOP', '250')
                s.wait_log(f'record {record} garbled')
                s.wait_log(where)

    def test_raw_octets_inside(self):
        script = ('tls good\ngreet "220 a\\r\\n"\nexpect "NOOP"\n'
                  'tls-raw "\\x17\\x03\\x03\\x00\\x02ab"\nmaybe "*"\n')
        with Sandbox('--listen', '1=0/none', script=script) as s:
            with Raw(s.port(1), s.context) as r:
                r.tls()
                with self.assertRaises(ssl.SSLError):
                    r.reply()
                    r.say('NOOP', '250')


class Middle(unittest.TestCase):
    """--forward."""

    def pair(self, *options, mode='starttls', server=()):
        far = Sandbox('--listen', f'1=0/{mode}', '--mechanisms',
                      'PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS', *server)
        near = Sandbox('--listen', f'1=0/{mode}', '--forward', f'127.0.0.1:{far.port(1)}',
                       *options)
        return far, near

    def to_tls(self, near, mode):
        r = near.raw(1)
        if mode == 'starttls':
            r.to_tls()
        else:
            r.tls()
            r.reply()
            r.say('EHLO a.test', '250')
        return r

    def test_passes_on(self):
        for mode in ('starttls', 'implicit'):
            far, near = self.pair(mode=mode)
            with far, near, self.to_tls(near, mode) as r:
                self.assertEqual(scram(r), ('235 2.7.0 Authentication successful\r\n', True))
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RCPT TO:<a@b.test>', '250')
                r.say('DATA', '354')
                r.send('x' * 78 + '\r\n')
                r.send(('y' * 78 + '\r\n') * 3000)
                r.say('.', '250')
                r.say('QUIT', '221')
                near.wait_log('close turns=')
                far.wait_log('close turns=')
                self.assertEqual(len(far.messages()[0]), 80 * 3001)
                self.assertIn('TLS up', near.log())

    def test_binding_sees_through_it(self):
        """What is bound to the client's session is not bound to the server's."""
        old = ('--tls', '1.2', '--no-extended-master-secret')
        far, near = self.pair(*old, server=old)
        with far, near:
            with self.to_tls(near, 'starttls') as r:
                unique = r.socket.get_channel_binding('tls-unique')
                self.assertEqual(scram(r, header='p=tls-unique,,', binding=unique)[0][:3], '535')
            with connect(far, 1) as r:
                unique = r.socket.get_channel_binding('tls-unique')
                self.assertEqual(scram(r, header='p=tls-unique,,', binding=unique)[0][:3], '235')

    def test_strip(self):
        far, near = self.pair('--strip', '*-PLUS', '--strip', 'CHUNKING')
        with far, near, near.raw(1) as r:
            r.to_tls()
            reply = r.say('EHLO a', '250')
            self.assertIn('250 AUTH PLAIN SCRAM-SHA-256\r\n', reply)
            self.assertNotIn('CHUNKING', reply)
            self.assertIn('250-PIPELINING', reply)
            # the server knows that somebody took its offer away
            self.assertEqual(scram(r, header='y,,')[0][:3], '535')
            self.assertIn('downgrade detected', far.log())
        far, near = self.pair('--strip', 'AUTH', '--strip', 'STARTTLS')
        with far, near, near.raw(1) as r:
            r.reply()
            reply = r.say('EHLO a', '250')
            self.assertRegex(reply, r'\r\n250 [^\r]*\r\n$')
            self.assertNotIn('STARTTLS', reply)
        far, near = self.pair('--strip', '*')
        with far, near, near.raw(1) as r:
            r.reply()
            self.assertEqual(r.say('EHLO a'), '250 mail.sandbox.test\r\n')

    def test_nobody_behind_it(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            free = s.getsockname()[1]
        with Sandbox('--listen', '1=0/starttls', '--forward', f'127.0.0.1:{free}') as near:
            with near.raw(1) as r:
                self.assertRaises((EOFError, ConnectionError), r.reply)
            near.wait_log('close turns=')

    def test_the_server_closes(self):
        far, near = self.pair(server=('--reply', 'RSET=421 4.3.2 bye'))
        with far, near, self.to_tls(near, 'starttls') as r:
            self.assertEqual(r.say('AUTH PLAIN ' + b64('\0user\0password'))[:3], '235')
            r.say('RSET', '421')
            self.assertEqual(r.rest(), b'')


if __name__ == '__main__':
    unittest.main(warnings='ignore')
