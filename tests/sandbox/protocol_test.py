# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sandbox's extensions, cuts and connection limits, by hand."""

import os
import socket
import time
import unittest

from sandbox_test import Sandbox

ALL = 'BINARYMIME REQUIRETLS DELIVERBY FUTURERELEASE MT-PRIORITY LIMITS'


def opened(s, name=25):
    """In a session without TLS, behind EHLO."""
    r = s.raw(name)
    r.reply()
    r.offer = r.say('EHLO a.test', '250')
    return r


def rest(r):
    """What is still said until the end, by FIN or reset."""
    try:
        return r.rest().decode()
    except ConnectionResetError:
        return r.held.decode()


class Parameters(unittest.TestCase):
    """What MAIL and RCPT may say."""

    def check(self, command, before, rows, *options):
        with Sandbox('--open', '--with', ALL, '--judge', *options) as s, opened(s) as r:
            for parameter, code, value in rows:
                for line in before:
                    r.say(line, '250')
                r.send(f'{command} {parameter}\r\n'.encode())
                reply = r.reply()
                self.assertEqual(reply[:3], code, (parameter, reply))
                if code == '250':
                    if command.startswith('MAIL'):
                        r.say('RCPT TO:<c@d.test>', '250')
                    r.say('BDAT 0 LAST', '250')
                    e = s.envelopes()[-1]
                    place = e if command.startswith('MAIL') else e['recipients'][0]
                    self.assertEqual(place['values'], value, parameter)
                    self.assertEqual(place['parameters'], parameter.split(), parameter)
                    for f in os.listdir(os.path.join(s.values['DIR'], 'envelopes')):
                        os.unlink(os.path.join(s.values['DIR'], 'envelopes', f))
                else:
                    r.say('RSET', '250')

    def test_mail(self):
        until = '2026-12-24T18:00:00Z'
        self.check('MAIL FROM:<a@b.test>', [], [
            ('', '250', {}),
            ('SIZE=3 BODY=8BITMIME', '250', {'SIZE': '3', 'BODY': '8BITMIME'}),
            ('body=binarymime', '250', {'BODY': 'BINARYMIME'}),
            ('SIZE=', '501', None),
            ('SIZE', '501', None),
            ('SIZE=-1', '501', None),
            ('SIZE=1 SIZE=1', '501', None),
            ('SIZE=10485761', '552', None),
            ('BODY=9BIT', '501', None),
            ('SMTPUTF8', '250', {'SMTPUTF8': True}),
            ('SMTPUTF8=', '501', None),
            ('SMTPUTF8=1', '501', None),
            ('RET=hdrs', '250', {'RET': 'HDRS'}),
            ('RET=HDR', '501', None),
            ('RET=', '501', None),
            ('ENVID=a+2Bb+3D+20c', '250', {'ENVID': 'a+b= c'}),
            ('ENVID=', '501', None),
            ('ENVID=a+2b', '501', None),
            ('ENVID=a+2', '501', None),
            ('ENVID=a=b', '501', None),
            ('ENVID=+0D+0A', '501', None),
            ('ENVID=' + 'x' * 100, '250', {'ENVID': 'x' * 100}),
            ('ENVID=' + 'x' * 101, '501', None),
            ('BY=120;R', '250', {'BY': '120;R'}),
            ('BY=-120;NT', '250', {'BY': '-120;NT'}),
            ('BY=0;R', '501', None),
            ('BY=-1;R', '501', None),
            ('BY=120', '501', None),
            ('BY=120;X', '501', None),
            ('BY=120;NX', '501', None),
            ('BY=120;NTT', '501', None),
            ('BY=1234567890;N', '501', None),
            ('BY=;N', '501', None),
            ('HOLDFOR=60', '250', {'HOLDFOR': '60'}),
            ('HOLDFOR=0', '501', None),
            ('HOLDFOR=060', '501', None),
            ('HOLDFOR=604801', '501', None),
            ('HOLDUNTIL=' + until, '250', {'HOLDUNTIL': until}),
            ('HOLDUNTIL=' + until[:-1], '501', None),
            ('HOLDUNTIL=2026-12-24t18:00:00Z', '501', None),
            ('HOLDUNTIL=2126-12-24T18:00:00Z', '501', None),
            ('HOLDFOR=60 HOLDUNTIL=' + until, '501', None),
            ('MT-PRIORITY=3', '250', {'MT-PRIORITY': '3'}),
            ('MT-PRIORITY=-9', '250', {'MT-PRIORITY': '-9'}),
            ('MT-PRIORITY=0', '250', {'MT-PRIORITY': '0'}),
            ('MT-PRIORITY=-0', '501', None),
            ('MT-PRIORITY=+1', '501', None),
            ('MT-PRIORITY=10', '501', None),
            ('MT-PRIORITY=', '501', None),
            ('AUTH=<>', '250', {'AUTH': '<>'}),
            ('AUTH=e+2Bx@y.test', '250', {'AUTH': 'e+x@y.test'}),
            ('AUTH=nobody', '501', None),
            ('AUTH=', '501', None),
        ], '--plain-auth')

    def test_recipient(self):
        self.check('RCPT TO:<c@d.test>', ['MAIL FROM:<a@b.test> SMTPUTF8'], [
            ('NOTIFY=NEVER', '250', {'NOTIFY': 'NEVER'}),
            ('NOTIFY=success,Delay,FAILURE', '250', {'NOTIFY': 'SUCCESS,DELAY,FAILURE'}),
            ('NOTIFY=NEVER,DELAY', '501', None),
            ('NOTIFY=DELAY,NEVER', '501', None),
            ('NOTIFY=DELAY,DELAY', '501', None),
            ('NOTIFY=', '501', None),
            ('NOTIFY=DELAY,', '501', None),
            ('NOTIFY', '501', None),
            ('ORCPT=rfc822;c+2Bx@d.test', '250', {'ORCPT': 'rfc822;c+x@d.test'}),
            ('ORCPT=utf-8;jü@d.test', '250', {'ORCPT': 'utf-8;jü@d.test'}),
            ('ORCPT=rfc822;jü@d.test', '501', None),
            ('ORCPT=rfc822;', '501', None),
            ('ORCPT=;x', '501', None),
            ('ORCPT=rfc822', '501', None),
            ('ORCPT=r_c;x', '501', None),
            ('ORCPT=rfc822;a=b', '501', None),
            ('ORCPT=rfc822;' + 'x' * 493, '250', {'ORCPT': 'rfc822;' + 'x' * 493}),
            ('ORCPT=rfc822;' + 'x' * 494, '501', None),
        ])

    def test_not_offered(self):
        for keyword, mail, rcpt in (
            ('SIZE', 'SIZE=1', ''),
            ('8BITMIME', 'BODY=8BITMIME', ''),
            ('BINARYMIME', 'BODY=BINARYMIME', ''),
            ('SMTPUTF8', 'SMTPUTF8', ''),
            ('DSN', 'RET=FULL', ''),
            ('DSN', 'ENVID=x', ''),
            ('DSN', '', 'NOTIFY=NEVER'),
            ('DSN', '', 'ORCPT=rfc822;x'),
            ('AUTH', 'AUTH=<>', ''),
            ('REQUIRETLS', 'REQUIRETLS', ''),
            ('DELIVERBY', 'BY=1;N', ''),
            ('FUTURERELEASE', 'HOLDFOR=1', ''),
            ('FUTURERELEASE', 'HOLDUNTIL=2026-12-24T18:00:00Z', ''),
            ('MT-PRIORITY', 'MT-PRIORITY=1', ''),
            ('', '', 'SIZE=1'),
            ('', '', 'SMTPUTF8'),
            ('', 'NOTIFY=NEVER', ''),
        ):
            options = ['--without', keyword] if keyword else []
            with Sandbox('--open', '--plain-auth', '--with', ALL, *options, '--judge') as s:
                with opened(s) as r:
                    if not keyword.startswith('8BIT'):
                        self.assertNotIn('250-' + (keyword or '?'), r.offer)
                    r.say('MAIL FROM:<a@b.test> ' + mail,
                          '555 5.5.4' if mail and keyword != '8BITMIME' else '250')
                    if not mail:
                        r.say('RCPT TO:<c@d.test> ' + rcpt, '555 5.5.4')
                s.end()
                told = (mail + rcpt).split('=')[0]
                # BINARYMIME brings BODY along
                if keyword == '8BITMIME':
                    continue
                self.assertIn('W5 ' + told, s.err, (keyword, mail, rcpt))
                self.assertEqual(s.status, 3)
        with Sandbox('--open', '--without', '8BITMIME') as s, opened(s) as r:
            r.say('MAIL FROM:<a@b.test> BODY=8BITMIME', '555')

    def test_claims_are_not_kept(self):
        with Sandbox('--open', '--without', 'CHUNKING DSN', '--claim', 'CHUNKING DSN',
                     '--judge') as s:
            with opened(s) as r:
                self.assertIn('CHUNKING', r.offer)
                r.say('MAIL FROM:<a@b.test> RET=FULL', '555')
                r.say('BDAT 0 LAST', '502')
            self.assertEqual(s.end(), 0, s.err)

    def test_words_behind_the_keywords(self):
        with Sandbox('--open', '--with', 'BINARYMIME,REQUIRETLS', '--with', 'DELIVERBY=60',
                     '--with', 'FUTURERELEASE=10 2026-12-24T18:00:00Z', '--with',
                     'MT-PRIORITY=MIXER', '--with', 'LIMITS=RCPTMAX=2 MAILMAX=1') as s:
            with opened(s) as r:
                for line in ('BINARYMIME', 'DELIVERBY 60', 'MT-PRIORITY MIXER',
                             'FUTURERELEASE 10 2026-12-24T18:00:00Z', 'LIMITS RCPTMAX=2 MAILMAX=1'):
                    self.assertIn(line + '\r\n', r.offer)
                self.assertNotIn('REQUIRETLS', r.offer)
                r.say('MAIL FROM:<a@b.test> BY=59;R', '501')
                r.say('MAIL FROM:<a@b.test> HOLDFOR=11', '501')
                r.say('MAIL FROM:<a@b.test> HOLDUNTIL=2026-12-24T18:00:01Z', '501')
                r.say('MAIL FROM:<a@b.test> BY=60;R', '250')
            r = s.in_tls()
            self.assertIn('REQUIRETLS\r\n', r.say('EHLO a'))
            r.say('MAIL FROM:<a@b.test> REQUIRETLS=', '501')
            r.say('MAIL FROM:<a@b.test> REQUIRETLS AUTH=<>', '250')


class Limits(unittest.TestCase):
    """LIMITS, and how many connections there may be."""

    def test_recipients_and_domains(self):
        with Sandbox('--open', '--with', 'LIMITS=RCPTMAX=3 RCPTDOMAINMAX=2') as s:
            with opened(s) as r:
                for _ in range(2):
                    r.say('MAIL FROM:<a@b.test>', '250')
                    for to, code in (('a@x.test', '250'), ('b@X.TEST', '250'), ('c@y.test', '250'),
                                     ('d@x.test', '452 4.5.3')):
                        r.say(f'RCPT TO:<{to}>', code)
                    r.say('BDAT 3 LAST\r\nx', '250')
                r.say('MAIL FROM:<a@b.test>', '250')
                for to, code in (('a@x.test', '250'), ('b@y.test', '250'), ('c@z.test', '452 4.5.3'),
                                 ('d@y.test', '250')):
                    r.say(f'RCPT TO:<{to}>', code)
            self.assertEqual(s.log().count('over the limit: RCPTMAX'), 2)
            self.assertEqual(s.log().count('over the limit: RCPTDOMAINMAX'), 1)

    def test_mails(self):
        with Sandbox('--open', '--with', 'LIMITS=MAILMAX=2') as s, opened(s) as r:
            for _ in range(2):
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RSET', '250')
            r.say('MAIL FROM:<a@b.test>', '421 4.7.0')
            self.assertEqual(rest(r), '')
            self.assertIn('over the limit: MAILMAX', s.log())

    def test_connections(self):
        with Sandbox('--open', '--connections', '2') as s:
            first, second, third = s.raw(25), s.raw(25), s.raw(25)
            self.assertEqual([first.reply()[:3], second.reply()[:3], third.reply()[:3]],
                             ['220', '220', '421'])
            with s.raw(587) as other:
                self.assertEqual(other.reply()[:3], '220')
            first.say('QUIT', '221')
            with s.raw(25) as fourth:
                self.assertEqual(fourth.reply()[:3], '220')

    def test_rules_for_certain_connections(self):
        with Sandbox('--reply', 'GREETING@2+=421 4.3.2 busy', '--reply', 'EHLO#2@1=451 no',
                     '--reply', 'GREETING@3=554 no') as s:
            with s.raw(25) as r:
                r.reply()
                r.say('EHLO a', '250')
                r.say('EHLO a', '451 no')
            for words in ('421 4.3.2 busy', '554 no', '421 4.3.2 busy'):
                with s.raw(25) as r:
                    self.assertEqual(r.reply(), words + '\r\n')


class Chunks(unittest.TestCase):
    """BDAT."""

    def test_refusals_swallow_their_octets(self):
        with Sandbox('--open', '--size', '100', '--with', 'BINARYMIME') as s, opened(s) as r:
            r.say('BDAT 6\r\nQUIT', '503')
            r.say('MAIL FROM:<a@b.test>', '250')
            r.say('BDAT 6\r\nQUIT', '503')
            r.say('RCPT TO:<c@d.test>', '250')
            r.say('BDAT 60\r\n' + 'x' * 58, '250')
            r.say('RCPT TO:<c@d.test>', '503')
            r.say('DATA', '503')
            r.say('MAIL FROM:<a@b.test>', '503')
            r.send('BDAT 60\r\n' + 'x' * 60 + 'BDAT 60\r\n' + 'x' * 60 + 'BDAT 4 LAST\r\nQUIT')
            self.assertEqual([r.reply()[:9] for _ in range(3)],
                             ['552 5.3.4', '503 5.5.1', '503 5.5.1'])
            r.say('MAIL FROM:<a@b.test> BODY=BINARYMIME', '250')
            r.say('RCPT TO:<c@d.test>', '250')
            r.say('DATA', '503')
            r.say('BDAT 2\r\n', '250')
            r.say('bdat 0 last', '250')
            r.say('BDAT 0 LAST', '503')
            self.assertEqual(s.messages(), [b'\r\n'])
            self.assertEqual(s.envelopes()[0]['octets'], 2)
            for bad in ('BDAT', 'BDAT ', 'BDAT -1', 'BDAT 1 LAS', 'BDAT 1  LAST', 'BDAT 0x1'):
                with opened(s) as other:
                    other.say(bad, '501')
                    self.assertEqual(rest(other), '')

    def test_rules(self):
        with Sandbox('--open', '--reply', 'BDAT#2=452 4.3.1 full', '--reply',
                     'DOT#3=554 no') as s, opened(s) as r:
            r.send('MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1\r\nxBDAT 1\r\nyBDAT 1 '
                   'LAST\r\nzMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1 LAST\r\nk'
                   'MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1 LAST\r\nl')
            self.assertEqual([r.reply()[:3] for _ in range(11)],
                             '250 250 250 452 503 250 250 250 250 250 554'.split())
            self.assertEqual(s.messages(), [b'k'])


class Cuts(unittest.TestCase):
    """The server's words end somewhere."""

    MAIL = 'MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1 LAST\r\nx'

    def cut(self, octets, how, **more):
        with Sandbox('--open', '--cut', f'MAIL#2={octets}{how}') as s, opened(s) as r:
            r.send(self.MAIL)
            first = b''.join(r.line() for _ in range(3)).decode()
            self.assertEqual(first.count('250 2.'), 3)
            r.send(self.MAIL * 2)
            if how == '/stall':
                r.socket.settimeout(0.3)
                with self.assertRaises(socket.timeout):
                    r.rest()
                text = r.held.decode()
            else:
                text = rest(r)
            self.assertEqual(len(text), octets)
            if how in ('', '/fin', '/truncate'):
                r.send(self.MAIL)  # the server still hears
                r.socket.shutdown(socket.SHUT_WR)
                s.wait_log('close turns=')
            answered = [e['answered'] for e in s.envelopes()]
            whole = sum('queued' in line and line.endswith('\r\n')
                        for line in text.splitlines(keepends=True))
            self.assertEqual(sum(answered), 1 + whole)
            self.assertEqual(len(answered), more.get('stored', 4))

    def test_each_way(self):
        for octets in (0, 1, 30, 90, 100, 130):
            for how, stored in (('', 4), ('/fin', 4), ('/truncate', 4), ('/rst', 3), ('/stall', 3)):
                with self.subTest(octets=octets, how=how):
                    self.cut(octets, how, stored=stored)

    def test_in_tls(self):
        with Sandbox('--cut', 'EHLO#2=5') as s, s.raw() as r:
            r.reply()
            r.say('EHLO a', '250')
            r.say('STARTTLS', '220')
            r.tls()
            r.send('EHLO a\r\n')
            self.assertEqual(rest(r), '250-m')

    def test_forgetful(self):
        with Sandbox('--open', '--forgetful') as s, opened(s) as r:
            r.send('MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n')
            for _ in range(3):
                r.reply()
            r.send('x\r\n.\r\nNOOP\r\n')
            self.assertEqual(r.reply()[:3], '250')
            r.say('VRFY x', '252')
            self.assertIn('behind the dot: 6 octets', s.log())


class Judge(unittest.TestCase):
    """Groups, windows and content."""

    def judged(self, octets, *options, wanted=None):
        with Sandbox('--judge', '--open', *options) as s:
            with opened(s) as r:
                r.send(octets)
                r.socket.shutdown(socket.SHUT_WR)
                rest(r)
            s.wait_log('close turns=')
            status = s.end()
            if wanted:
                self.assertIn('violation: ' + wanted, s.err, octets)
            self.assertEqual(status, 3 if wanted else 0, (octets, s.err))

    def test_groups(self):
        mail = 'MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n'
        chunk = 'BDAT 3 LAST\r\nx\r\n'
        alone = ['--without', 'PIPELINING']
        for octets, options, wanted in (
            ((mail + chunk) * 8, [], None),
            ((mail + chunk) * 8, alone, 'W4'),
            (mail + 'BDAT 3\r\nx\r\n' + chunk + mail + chunk + 'QUIT\r\n', [], None),
            ('RSET\r\n' + mail + 'DATA\r\n', [], None),
            ('NOOP\r\n' + mail, [], 'W4'),
            ('EHLO a\r\n' + mail, [], 'W4'),
            ('VRFY a\r\n' + mail, [], 'W4'),
            ('QUIT\r\nNOOP\r\n', [], 'W4'),
            (mail + 'DATA\r\n' + 'x\r\n.\r\n', [], 'W4'),
            (mail + 'BDAT 3 LAST\r\n\xe9\r\n', [], 'W6 an 8-bit octet'),
            (mail + 'DATA\r\n', [], None),
            ('MAIL FROM:<a@b.test> BODY=8BITMIME\r\nRCPT TO:<c@d.test>\r\nBDAT 3 LAST\r\n\xe9\r\n',
             [], None),
            ('MAIL FROM:<a@b.test> BODY=BINARYMIME\r\nRCPT TO:<c@d.test>\r\nBDAT 2 LAST\r\n\0\n',
             ['--with', 'BINARYMIME'], None),
            ('MAIL FROM:<\xc3\xa9@b.test>\r\n', [], 'W5 an 8-bit address'),
            ('MAIL FROM:<\xc3\xa9@b.test> SMTPUTF8\r\n', [], None),
        ):
            with self.subTest(octets=octets, options=options):
                self.judged(octets, *options, wanted=wanted)

    def test_ahead_of_a_chunk_s_reply(self):
        with Sandbox('--judge', '--open', '--without', 'PIPELINING') as s:
            with opened(s) as r:
                r.say('MAIL FROM:<a@b.test>', '250')
                r.say('RCPT TO:<c@d.test>', '250')
                r.send('BDAT 3\r\nx\r\nBDAT 0 LAST\r\n')
                self.assertEqual([r.reply()[:3] for _ in range(2)], ['250', '250'])
            self.assertEqual(s.end(), 3)
            self.assertIn('W4 13 octets sent ahead of the reply to BDAT', s.err)

    def test_behind_the_dot(self):
        for options, status in (([], 0), (['--without', 'PIPELINING'], 3)):
            with Sandbox('--judge', '--open', *options) as s:
                with opened(s) as r:
                    for line in ('MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA'):
                        r.say(line)
                    r.send('x\r\n.\r\nMAIL FROM:<a@b.test>\r\n')
                    self.assertEqual([r.reply()[:3] for _ in range(2)], ['250', '250'])
                self.assertEqual(s.end(), status)
                self.assertIn('behind the dot: 22 octets', s.log())


class Unix(unittest.TestCase):
    """A Unix socket."""

    def test_unix(self):
        path = os.path.join('/tmp', f'sandbox-test.{os.getpid()}.{time.time_ns()}')
        with Sandbox('--unix', 'u=' + path, '--on', 'u', '--open', '--listen', '1=0') as s:
            self.assertEqual(s.values['UNIX_u'], path)
            with socket.socket(socket.AF_UNIX) as u:
                u.connect(path)
                u.sendall(b'EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 0 LAST\r\n'
                          b'QUIT\r\n')
                text = b''
                while octets := u.recv(65536):
                    text += octets
            self.assertTrue(text.startswith(b'220 ') and b'\r\n221 ' in text, text)
            self.assertEqual([e['listener'] for e in s.envelopes()], ['u'])
            self.assertIn('open unix', s.log())
            with Sandbox('--unix', path, '--listen', 'x=0') as other:
                self.assertEqual(other.end(), 1)
                self.assertIn('another program has it', other.err)
            s.end()
            self.assertFalse(os.path.exists(path))
        with socket.socket(socket.AF_UNIX) as u:
            u.bind(path)
        with Sandbox('--unix', path, '--listen', 'x=0') as s:  # left behind by a crash
            self.assertIn('UNIX_1', s.values)
        with open(path, 'w', encoding='ascii'):
            pass
        with Sandbox('--unix', path, '--listen', 'x=0') as s:  # a file of someone's
            self.assertEqual(s.end(), 1)
        os.unlink(path)


if __name__ == '__main__':
    unittest.main(warnings='ignore')
