# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Postfix and Exim offer beyond plain SMTP is used as it should be, and what they do not offer
stops a mail before MAIL; 64 MB go over in constant memory."""

import json
import re
import subprocess
import threading
import time
from urllib.parse import quote

from harness import SENDER, expect, expect_equal, expect_same, main, message, random_lines, with_lf
from servers import DOMAIN, USERS, Exim, Postfix, authority

NEVER, SUCCESS, FAILURE, DELAY = 1, 2, 4, 8


class Peak:
    """The most memory that a process had, in kB."""

    def __init__(self, pid):
        self.pid, self.kilobytes = pid, 0
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while True:
            try:
                with open(f'/proc/{self.pid}/status') as f:
                    found = re.search(r'VmHWM:\s+(\d+)', f.read())
            except OSError:
                return
            if not found:  # it has ended
                return
            self.kilobytes = max(self.kilobytes, int(found[1]))
            time.sleep(0.02)


class Sender:
    def __init__(self, program, here):
        self.program, self.here = program, here
        self.peak = 0

    def send(self, server, content, *words, port='starttls', to=(f'alice@{DOMAIN}',)):
        """What became of one mail, and what was said."""
        mode = 'implicit' if port == 'implicit' else 'starttls'
        url = (f'smtp://alice:{quote(USERS["alice"])}@localhost?ports={server.ports[port]}/{mode}'
               f'&timeout=200&cafile={quote(authority(self.here).pem)}')
        file = self.here / 'extensions.eml'
        with open(file, 'wb') as f:
            f.write(content)
        p = subprocess.Popen([self.program, f'server={url}', 'show=1', f'file={file}',
                              f'from={SENDER}', *(f'to={one}' for one in to), *words, 'one'],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        peak = Peak(p.pid)
        out, err = p.communicate(timeout=250)
        peak.thread.join()
        self.peak = peak.kilobytes
        said = err.decode(errors='replace')
        expect_equal(p.returncode, 0, 'exit', said)
        return json.loads(out), said


def commands(said, verb):
    return re.findall(rf'(?m)^> ({verb}\b.*)$', said)


def expect_arrived(server, told, said, content, *users):
    expect_equal(told['outcome'], 'accepted', 'outcome', said)
    for user in users:
        stored = server.boxes.take(user)
        expect_equal(len(stored), 1, f'mails for {user}')
        expect_same(server, stored[0], content)


def xtext(text):
    return re.sub(r'[+= ]', lambda c: f'+{ord(c[0]):02X}', text)


def notified(sender, server, envid, original):
    """A notice of success comes back, and names the mail as its sender did."""
    sent = message('notify me')
    told, said = sender.send(server, sent, 'ret=HDRS', f'envid={envid}', f'notify={SUCCESS}',
                             f'original={original}')
    expect_arrived(server, told, said, sent, 'alice')
    mail, rcpt = commands(said, 'MAIL')[0], commands(said, 'RCPT')[0]
    expect(' RET=HDRS' in mail and f' ENVID={xtext(envid)}' in mail, mail)
    expect(f' NOTIFY=SUCCESS ORCPT={xtext(original)}' in rcpt, rcpt)
    notice = server.boxes.take('sender')
    expect_equal(len(notice), 1, 'notices')
    text = with_lf(notice[0]).decode()
    if isinstance(server, Exim):  # which puts both into its notice as they came
        envid, original = xtext(envid), xtext(original)
    expect(re.search(rf'(?im)^Original-Envelope-Id: {re.escape(envid)}$', text), text)
    expect(re.search(rf'(?im)^Original-Recipient: {re.escape(original)}$', text), text)
    expect(re.search(r'(?im)^Action: (delivered|relayed)', text), text)
    expect('Subject: notify me' in text, 'the header of the mail is not in the notice', text)


def not_notified(sender, server, notify):
    sent = message('do not notify me')
    told, said = sender.send(server, sent, f'notify={notify}', 'ret=FULL')
    expect_arrived(server, told, said, sent, 'alice')
    expect(' NOTIFY=' in commands(said, 'RCPT')[0], said)
    expect(' RET=FULL' in commands(said, 'MAIL')[0], said)
    time.sleep(0.1)
    server.settled()
    expect_equal(server.boxes.files('sender'), [], 'notices')


def size(sender, server, octets, fits):
    """The exact size is said with MAIL; one over the limit is not begun."""
    sent = message('size', ('x' * 70 + '\n') * (octets // 71))
    told, said = sender.send(server, sent)
    if fits:
        expect_arrived(server, told, said, sent, 'alice')
        length = len(sent) + sent.count(b'\n')  # each line end becomes CRLF
        expect(f' SIZE={length}' in commands(said, 'MAIL')[0], commands(said, 'MAIL'), length)
        return
    expect_equal((told['outcome'], told['id']), ('permanent', 'message-too-large'), 'outcome', said)
    expect_equal(told['MAIL'], 0, 'MAIL commands', said)


def international(sender, server):
    sent = message('for jürgen')
    told, said = sender.send(server, sent, to=(f'jürgen@{DOMAIN}',))
    expect_arrived(server, told, said, sent, 'jürgen')
    expect(' SMTPUTF8' in commands(said, 'MAIL')[0], said)


def eight_bit(sender, server, content, said_so):
    told, said = sender.send(server, content)
    expect_arrived(server, told, said, content, 'alice')
    expect_equal(' BODY=8BITMIME' in commands(said, 'MAIL')[0], said_so, 'BODY=8BITMIME', said)


def submitter(sender, server, mailbox, parameter):
    sent = message('submitted')
    told, said = sender.send(server, sent, f'submitter={mailbox}')
    expect_arrived(server, told, said, sent, 'alice')
    expect(parameter in commands(said, 'MAIL')[0], said)


def needed(sender, server, words, to=(f'alice@{DOMAIN}',), why='needs-extension'):
    """What is not offered is found out before anything is begun."""
    told, said = sender.send(server, message('must not arrive'), *words, to=to)
    expect_equal((told['outcome'], told['id']), ('permanent', why), 'outcome', said)
    expect_equal(told['MAIL'], 0, 'MAIL commands', said)
    expect_equal(server.boxes.files('alice'), [], 'mail that should not be there')


def large(sender, server, port, content, words):
    """64 MB, whole, in constant memory."""
    began = time.monotonic()
    told, said = sender.send(server, content, *words, port=port)
    expect_equal(told['outcome'], 'accepted', 'outcome', said)
    expect_equal((told['BDAT'] > 0, told['DATA'] > 0), (not words, bool(words)), 'BDAT, DATA', told)
    expect_same(server, server.boxes.take('alice', seconds=100)[0], content)
    print(f'        {len(content) // 1000000} MB accepted in {told["seconds"]:.2f} s, '
          f'{told["BDAT"]} BDAT, at most {sender.peak} kB of memory; stored after '
          f'{time.monotonic() - began:.2f} s')
    expect(0 < sender.peak < 16384, f'{sender.peak} kB of memory')


def tests(cases, here, program):
    sender = Sender(program, here)
    ascii_text = message('plain')
    eight = message('8-bit', 'Grüße\n', 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8'
                    '\nContent-Transfer-Encoding: 8bit\n')
    content = message('64 MB', random_lines(1000000, 7) * 64)
    mx, exim = Postfix(here), Exim(here)
    for name, server, big in (('Postfix', mx, 'implicit'), ('Exim', exim, 'large')):
        for envid in ('QQ314159', 'a+b=c (of 9)'):
            cases.run(f'{name}: DSN, envelope id {envid}', notified, sender, server, envid,
                      'rfc822;first+tag@example.org')
        cases.run(f'{name}: DSN NEVER', not_notified, sender, server, NEVER)
        cases.run(f'{name}: DSN FAILURE,DELAY', not_notified, sender, server, FAILURE | DELAY)
        cases.run(f'{name}: SIZE', size, sender, server, 100000, True)
        cases.run(f'{name}: SIZE, 32 MB', size, sender, server, 32000000, False)
        cases.run(f'{name}: SMTPUTF8', international, sender, server)
        cases.run(f'{name}: 8BITMIME', eight_bit, sender, server, eight, True)
        cases.run(f'{name}: 8BITMIME not needed', eight_bit, sender, server, ascii_text, False)
        cases.run(f'{name}: AUTH=', submitter, sender, server, f'boss+1@{DOMAIN}',
                  f' AUTH=boss+2B1@{DOMAIN}')
        cases.run(f'{name}: AUTH=<>', submitter, sender, server, '', ' AUTH=<>')
        for word in ('priority=3', 'binary=1', 'require-tls=1', 'hold=60', 'deliver-by=600'):
            cases.run(f'{name}: not offered, {word}', needed, sender, server, [word])
        cases.run(f'{name}: DSN not wanted', needed, sender, server, ['without=DSN', 'ret=FULL'])
        cases.run(f'{name}: SMTPUTF8 not wanted', needed, sender, server, ['without=SMTPUTF8'],
                  (f'jürgen@{DOMAIN}',), 'needs-smtputf8')
        cases.run(f'{name}: 64 MB with BDAT', large, sender, server, big, content, [])
        cases.run(f'{name}: 64 MB with DATA', large, sender, server, big, content,
                  ['without=CHUNKING'])


main(tests)
