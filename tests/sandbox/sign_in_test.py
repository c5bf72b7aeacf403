# SPDX-License-Identifier: LGPL-2.1-or-later
"""postern-sandbox's AUTH: channel binding, tokens, certificates, rules; by hand and by gsasl(1)."""

import base64
import hashlib
import hmac
import shutil
import ssl
import subprocess
import unittest

from sandbox_test import Raw, Sandbox

NAMES = {'sha1': 'SCRAM-SHA-1', 'sha256': 'SCRAM-SHA-256'}
ALL = ('PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS '
       'SCRAM-SHA-256-PLUS ANONYMOUS EXTERNAL')


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def scram(raw, hash_name='sha256', header='n,,', binding=b'', password='password'):
    """RFC 5802 with this gs2 header: the last reply, and whether the server proved itself."""
    nonce = 'rOprNGfwEbeRWgbNEkqO'
    bare = f'n=user,r={nonce}'
    plus = '-PLUS' if header.startswith('p=') else ''
    reply = raw.say(f'AUTH {NAMES[hash_name]}{plus} ' + b64(header + bare))
    if not reply.startswith('334 '):
        return reply, False
    first = base64.b64decode(reply[4:]).decode()
    at = dict(part.split('=', 1) for part in first.split(','))
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), base64.b64decode(at['s']),
                                 int(at['i']))
    key = hmac.digest(salted, b'Client Key', hash_name)
    without = f'c={b64(header.encode() + binding)},r={at["r"]}'
    auth = f'{bare},{first},{without}'.encode()
    signature = hmac.digest(hashlib.new(hash_name, key).digest(), auth, hash_name)
    proof = b64(bytes(a ^ b for a, b in zip(key, signature)))
    reply = raw.say(b64(f'{without},p={proof}'))
    if not reply.startswith('334 '):
        return reply, False
    wanted = hmac.digest(hmac.digest(salted, b'Server Key', hash_name), auth, hash_name)
    return raw.say(''), base64.b64decode(reply[4:]) == b'v=' + b64(wanted).encode()


def connect(s, name=587):
    raw = s.raw(name)
    raw.to_tls()
    return raw


class Binding(unittest.TestCase):
    def test_tls_unique_is_checked(self):
        with Sandbox('--tls', '1.2', '--no-extended-master-secret', '--mechanisms', ALL) as s:
            for hash_name in NAMES:
                with connect(s) as r:
                    unique = r.socket.get_channel_binding('tls-unique')
                    self.assertEqual(scram(r, hash_name, 'p=tls-unique,,', unique)[0][:3], '235')
                with connect(s) as r:
                    wrong = bytes(a ^ 1 for a in r.socket.get_channel_binding('tls-unique'))
                    self.assertEqual(scram(r, hash_name, 'p=tls-unique,,', wrong)[0][:3], '535')
            self.assertIn('TLS1.2, the master secret is not the extended one', s.log())
            self.assertIn('gs2 flag p=tls-unique', s.log())
            with connect(s) as r: # RFC 9266 2: not with that master secret
                self.assertEqual(scram(r, header='p=tls-exporter,,')[0][:3], '535')

    def test_tls_unique_is_not_for_1_3(self):
        with Sandbox('--mechanisms', ALL) as s, connect(s) as r:
            self.assertEqual(scram(r, header='p=tls-unique,,', binding=b'x' * 12)[0][:3], '535')

    def test_flags(self):
        offers = {'SCRAM-SHA-256 SCRAM-SHA-256-PLUS': {'n': '235', 'y': '535'},
                  'SCRAM-SHA-256': {'n': '235', 'y': '235'}}
        for offer, wanted in offers.items():
            with Sandbox('--mechanisms', offer) as s:
                for flag, code in wanted.items():
                    with connect(s) as r:
                        reply, proven = scram(r, header=f'{flag},,')
                        self.assertEqual((reply[:3], proven), (code, code == '235'), (offer, flag))
                    self.assertIn(f'gs2 flag {flag}\n', s.log())
                self.assertEqual('downgrade detected' in s.log(), wanted['y'] == '535')

    def test_a_plus_without_binding(self):
        with Sandbox('--mechanisms', ALL) as s, connect(s) as r:
            r.say('AUTH SCRAM-SHA-256-PLUS ' + b64('n,,n=user,r=abcdef'), '5')

    @unittest.skipUnless(shutil.which('gsasl'), 'gsasl(1) is not here')
    def test_gsasl(self):
        with Sandbox('--mechanisms', ALL) as s:
            for mechanism in ('PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-1-PLUS',
                              'SCRAM-SHA-256-PLUS', 'ANONYMOUS'):
                done = subprocess.run(
                    ['gsasl', '--client', '--smtp', '--starttls',
                     f'--x509-ca-file={s.values["CA"]}', '-a', 'user', '-p', 'password',
                     '--anonymous-token=a@b.test', '-r', 'mail.sandbox.test', '--service=smtp',
                     '--hostname=localhost', '--quality-of-protection=qop-auth', '-m', mechanism,
                     'localhost', str(s.port())],
                    input='', capture_output=True, text=True, timeout=30, check=False)
                self.assertIn(f'authenticated {"anonymous" if mechanism == "ANONYMOUS" else "user"}'
                              f' by {mechanism}', s.log(), done.stdout + done.stderr)
            self.assertEqual(s.log().count('gs2 flag p=tls-exporter'), 2)


class Certificate(unittest.TestCase):
    def client(self, s, name='client'):
        place = s.values['DIR']
        context = ssl.create_default_context(cafile=s.values['CA'])
        if name:
            context.load_cert_chain(f'{place}/{name}.pem', f'{place}/{name}-key.pem')
        return context

    def test_external(self):
        with Sandbox('--client-certificate', 'request', '--mechanisms', 'EXTERNAL PLAIN',
                     '--user', 'jo:secret') as s:
            for name, wish, code in (('client', '', '235'), ('client', 'jo', '235'),
                                     ('client', 'jo@sandbox.test', '235'),
                                     ('client', 'other', '535'), (None, '', '535'),
                                     (None, 'jo', '535'), ('client-other', 'jo', '535')):
                with Raw(s.port(), self.client(s, name)) as r:
                    r.to_tls()
                    r.say('AUTH EXTERNAL ' + (b64(wish) or '='), code)
                with Raw(s.port(), self.client(s, name)) as r:
                    r.to_tls()
                    r.say('AUTH EXTERNAL', '334 ')
                    r.say(b64(wish), code)
            for text in ('client certificate of jo', 'no client certificate',
                         'the client certificate is not trusted', 'authenticated jo by EXTERNAL'):
                self.assertIn(text, s.log())

    def test_required(self):
        with Sandbox('--client-certificate', 'require') as s:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                for name, good in (('client', True), (None, False), ('client-other', False)):
                    context = self.client(s, name)
                    context.maximum_version = context.minimum_version = version
                    with Raw(s.port(), context) as r:
                        if good:
                            r.to_tls()
                        else:
                            self.assertRaises((ssl.SSLError, EOFError, ConnectionError), r.to_tls)

    def test_key_with_passphrase(self):
        with Sandbox('--client-certificate', 'require') as s:
            place = s.values['DIR']
            context = ssl.create_default_context(cafile=s.values['CA'])
            context.load_cert_chain(f'{place}/client.pem', f'{place}/client-key-secret.pem',
                                    'sandbox')
            with Raw(s.port(), context) as r:
                r.to_tls()


class Tokens(unittest.TestCase):
    FORMS = {'XOAUTH2': ('user=user\1auth=Bearer {}\1\1', ''),
             'OAUTHBEARER': ('n,a=user,\1auth=Bearer {}\1\1', 'AQ==')}

    def one(self, s, mechanism, token='t0ken', at_once=False):
        form, answer = self.FORMS[mechanism]
        with connect(s) as r:
            reply = r.say(f'AUTH {mechanism} ' + b64(form.format(token)))
            error = base64.b64decode(reply[4:]) if reply.startswith('334') else b''
            self.assertEqual(bool(error), not at_once and not reply.startswith('235'))
            return (r.say(answer) if error else reply)[:3], error

    def sandbox(self, *options):
        return Sandbox('--token', 'user:t0ken', '--token', 'user:n3w', '--mechanisms',
                       'OAUTHBEARER XOAUTH2', *options)

    def test_refusals(self):
        for mechanism in self.FORMS:
            with self.sandbox('--refuse-tokens', '2') as s:
                codes = [self.one(s, mechanism)[0] for _ in range(3)]
                self.assertEqual(codes, ['535', '535', '235'])
            with self.sandbox('--refuse-tokens', '0') as s:
                self.assertEqual([self.one(s, mechanism)[0] for _ in range(3)], ['535'] * 3)
            with self.sandbox('--token-uses', '1') as s:
                codes = [self.one(s, mechanism, t)[0] for t in ('t0ken', 't0ken', 'n3w', 'n3w')]
                self.assertEqual(codes, ['235', '535', '235', '535'])
            with self.sandbox('--token-error', '{"status":"x\\n"}') as s:
                self.assertEqual(self.one(s, mechanism, 'no'), ('535', b'{"status":"x\n"}'))
                self.assertIn('the error was answered as it should be', s.log())
            with self.sandbox('--token-at-once') as s:
                self.assertEqual(self.one(s, mechanism, 'no', True)[0], '535')
                self.assertEqual(self.one(s, mechanism)[0], '235')

    def test_two_steps(self):
        with self.sandbox('--no-initial-response') as s:
            for mechanism, (form, _) in self.FORMS.items():
                with connect(s) as r:
                    r.say(f'AUTH {mechanism} ' + b64(form.format('t0ken')), '501')
                    r.say(f'AUTH {mechanism}', '334 \r\n')
                    r.say(b64(form.format('t0ken')), '235')

    def test_the_wrong_answer_is_told(self):
        with self.sandbox() as s:
            for mechanism, (form, answer) in self.FORMS.items():
                with connect(s) as r:
                    r.say(f'AUTH {mechanism} ' + b64(form.format('no')), '334')
                    r.say('' if answer else 'AQ==', '535')
            self.assertEqual(s.log().count('the error was answered otherwise'), 2)

    def test_malformed(self):
        with self.sandbox() as s, connect(s) as r:
            r.say('AUTH XOAUTH2 ' + b64('user=user\1auth=Bearer t0ken\1'), '501')
            r.say('AUTH OAUTHBEARER ' + b64('n,a=user,\1auth=Bearer t0ken'), '501')
            r.say('AUTH XOAUTH2 ' + b64('auth=Bearer t0ken\1\1'), '501')


class Rules(unittest.TestCase):
    def offered(self, s, name=587, tls=True):
        with s.raw(name) as r:
            if tls:
                r.reply()
                r.say('EHLO a', '250')
                r.say('STARTTLS', '220')
                r.tls()
            else:
                r.reply()
            lines = r.say('EHLO a', '250').splitlines()
            return [line[9:] for line in lines if line[4:8] == 'AUTH']

    def test_lists_change_between_connections(self):
        with Sandbox('--mechanisms', 'SCRAM-SHA-256 PLAIN', '--mechanisms-later', '2=PLAIN',
                     '--mechanisms-later', '4=LOGIN') as s:
            lists = [self.offered(s) for _ in range(5)]
            self.assertEqual(lists, [['SCRAM-SHA-256 PLAIN'], ['PLAIN'], ['PLAIN'], ['LOGIN'],
                                     ['LOGIN']])
            with connect(s) as r:
                r.say('AUTH PLAIN ' + b64('\0user\0password'), '504')

    def test_lists_before_and_behind_tls(self):
        with Sandbox('--mechanisms', 'PLAIN', '--mechanisms-clear', 'SCRAM-SHA-256') as s:
            self.assertEqual(self.offered(s, tls=False), ['SCRAM-SHA-256'])
            self.assertEqual(self.offered(s), ['PLAIN'])
            with s.raw() as r:
                r.reply()
                r.say('EHLO a')
                r.say('AUTH PLAIN ' + b64('\0user\0password'), '504')
                self.assertEqual(scram(r), ('235 2.7.0 Authentication successful\r\n', True))

    def test_mechanisms_refused(self):
        with Sandbox('--mechanisms', ALL, '--refuse-mechanism', 'SCRAM*=534 5.7.9 too weak',
                     '--refuse-mechanism', 'LOGIN', '--refuse-mechanism',
                     'CRAM-MD5=454 4.7.0 later') as s:
            for mechanism, code in (('SCRAM-SHA-256 eA==', '534 5.7.9 too weak'),
                                    ('scram-sha-1', '534'), ('LOGIN', '504'),
                                    ('CRAM-MD5', '454')):
                with connect(s) as r:
                    r.say(f'AUTH {mechanism}', code)
                    r.say('AUTH PLAIN ' + b64('\0user\0password'), '235')

    def test_another_identity(self):
        with Sandbox('--user', 'a:x', '--user', 'b:y') as s:
            for wish, code in (('', '235'), ('a', '235'), ('b', '535')):
                with connect(s) as r:
                    r.say('AUTH PLAIN ' + b64(f'{wish}\0a\0x'), code)


if __name__ == '__main__':
    unittest.main(warnings='ignore')
