# SPDX-License-Identifier: LGPL-2.1-or-later
"""Content: what is in the mailbox is what was sent, octet for octet."""

import re
import time

from harness import (ALICE, SENDER, Client, expect, expect_accepted, expect_equal, expect_same,
                     main, message, random_lines, split_front)
from servers import DOMAIN, Aiosmtpd, Exim, Postfix


CONTENTS = {
    'a short one': message('short'),
    'CRLF line ends': message('crlf', 'one\ntwo\n').replace(b'\n', b'\r\n'),
    'LF and CRLF mixed': message('mixed', 'one\r\ntwo\nthree\r\n'),
    'dots': message('dots', '.\n..\n...\n.x\n. \n\n.\n\n..\n.'),
    'only a dot': message('dot', '.'),
    'a dot after CRLF': message('dot', '\r\n.\r\n.\r\n'),
    'what looks like the end and a command': message('smuggle', 'x\n.\nMAIL FROM:<a@b>\n.\nQUIT\n'),
    'no line end at the end': message('no end', 'the last line'),
    'no body': message('no body', ''),
    'an empty line as body': message('empty line', '\n'),
    'header only, no empty line': message('header only', '')[:-1],
    'eight-bit text': message('8-bit', 'Grüße, 日本語 \U0001f511\n',
                              'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n'
                              'Content-Transfer-Encoding: 8bit\n'),
    'every octet but NUL, CR, LF': message('octets', bytes(
        c for c in range(1, 256) if c not in b'\r\n') + b'\n'),
    'lines of 998 octets': message('998', ('x' * 998 + '\n') * 3 + '.' * 998 + '\n' + 'y' * 998),
    'a header line of 998 octets': message('long header', extra='X-Long: ' + 'z' * 990 + '\n'),
    'folded header fields': message('folded\n\tonce\n and again', extra='X-F: a\n\t\n b\n'),
    'white space at line ends': message('blanks', 'a \nb\t\n \n\t\n'),
    'many empty lines': message('empty lines', '\n' * 3000),
    'From at the start of a line': message('from', 'From here\n>From there\n'),
    '100 kB of all sorts': message('100 kB', random_lines(100000, 1)),
    '1 MB of all sorts': message('1 MB', random_lines(1000000, 2)),
}


def ports_of(server, kind):
    return f'{server.ports[kind]}/{"implicit" if kind == "implicit" else "starttls"}'


def take(server):
    if isinstance(server, Aiosmtpd):
        expect_equal(len(server.mails), 1, 'mails received')
        return server.mails.pop()[2]
    return server.boxes.take('alice')[0]


def whole(server, client, kind, sent, from_file):
    result = client.send(sent, ports=ports_of(server, kind), from_file=from_file)
    expect_accepted(result)
    expect_same(server, take(server), sent)


def large(server, client, kind, octets):
    sent = message('large', random_lines(octets // 4, 3) * 4)
    result = client.send(sent, ports=ports_of(server, kind))
    expect_accepted(result)
    expect_same(server, server.boxes.take('alice', seconds=60)[0], sent)
    print(f'        {octets // 1000000} MB were accepted {result.seconds:.2f} s after the start')


def refused(server, client, content, *where):
    """Content that cannot be sent as it is: nothing is delivered, and the sentence says where."""
    result = client.send(content, ports=ports_of(server, 'starttls'))
    expect_equal(result.status, 65, 'exit', result)
    expect_equal(result.outcome, 'permanent', 'outcome', result)
    text = result.json['error']['text']
    expect(any(w in text for w in where), f'the error does not say {where}', result)
    time.sleep(0.1)
    server.settled()
    expect_equal(server.boxes.files('alice'), [], 'mail that should not be there')


def completed(server, client):
    """Missing Date and Message-ID are added, once, and the Message-ID is told."""
    body = 'Date: in the body\nMessage-ID: <in@the.body>\n'
    sent = f'From: {SENDER}\nTo: {ALICE}\nSubject: incomplete\n\n{body}'.encode()
    result = client.send(sent, ports=ports_of(server, 'implicit'))
    expect_accepted(result)
    _, stored = split_front(server.boxes.take('alice')[0], server.FRONT)
    header, rest = stored.decode().split('\n\n', 1)
    expect_equal(rest, body, 'body')
    ids = re.findall(r'(?im)^Message-ID: *(<[^@<>\s]+@[^@<>\s]+>)$', header)
    expect_equal(ids, [result.json['message_id']], 'Message-ID fields', header)
    dates = re.findall(r'(?im)^Date: (.*)$', header)
    expect_equal(len(dates), 1, 'Date fields', header)
    expect(re.fullmatch(r'(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}', dates[0]), dates)
    for line in ('From: ' + SENDER, 'To: ' + ALICE, 'Subject: incomplete'):
        expect(line in header.split('\n'), f'{line} is missing', header)


def kept(server, client):
    """A message's own Message-ID is told, and the queue id is the server's."""
    sent = message('its own id')
    result = client.send(sent, ports=ports_of(server, 'implicit'))
    expect_accepted(result)
    stored = server.boxes.take('alice')[0]
    expect(f'Message-ID: {result.json["message_id"]}\n'.encode() in sent, 'message_id', result)
    expect(result.json['queue_id'] and f'id {result.json["queue_id"]}\n'.encode() in stored,
           'queue_id', result, stored[:600])


def from_header(server, client):
    """-t: recipients from To, Cc and Bcc, and no Bcc in what is sent."""
    sent = (f'From: {SENDER}\nDate: Tue, 03 Mar 2026 12:00:00 +0000\nMessage-ID: <t@test.example>\n'
            f'To: "Alice, A. (x)" <alice@{DOMAIN}>,\n\tbob@{DOMAIN} (Bob, <b@b>)\n'
            f'Bcc: Carol\n <carol@{DOMAIN}>\nSubject: t\nCc: friends: bob@{DOMAIN};\n\n'
            'Bcc: not a header\n').encode()
    result = client.send(sent, to=(), ports=ports_of(server, 'starttls'), options=['-t'])
    expect_accepted(result)
    expect_equal(sorted(result.recipients()), [f'{n}@{DOMAIN}' for n in ('alice', 'bob', 'carol')],
                 'recipients')
    wanted = re.sub(rb'Bcc: Carol\n <.*>\n', b'', sent)
    for user in ('alice', 'bob', 'carol'):
        stored = server.boxes.take(user)
        expect_equal(len(stored), 1, f'mails for {user}')
        expect_same(server, stored[0], wanted)


def tests(cases, here, postern_send):
    client = Client(postern_send, here)
    mx = Postfix(here)
    for number, (name, sent) in enumerate(CONTENTS.items()):
        for kind in ('starttls', 'implicit'):
            cases.run(f'Postfix {kind}: {name}', whole, mx, client, kind, sent, number % 2)
    cases.run('Postfix starttls: 20 MB', large, mx, client, 'starttls', 20000000)
    cases.run('Postfix: Date and Message-ID are added', completed, mx, client)
    cases.run('Postfix: Message-ID and queue id are told', kept, mx, client)
    cases.run('Postfix: recipients from the header', from_header, mx, client)
    cases.run('refused: a CR alone', refused, mx, client, message('cr', 'a\nb\rc\n'), 'CR')
    cases.run('refused: NUL', refused, mx, client, message('nul', b'a\n\0\n'), 'NUL', '0')
    cases.run('refused: a line of 999 octets', refused, mx, client,
              message('999', 'a\n' + 'x' * 999 + '\n'), '998', 'long')

    exim = Exim(here)
    for number, (name, sent) in enumerate(CONTENTS.items()):
        cases.run(f'Exim: {name}', whole, exim, client, ('starttls', 'implicit')[number % 2], sent,
                  False)
    cases.run('Exim implicit: 20 MB', large, exim, client, 'implicit', 20000000)

    aio = Aiosmtpd(here)
    for number, (name, sent) in enumerate(CONTENTS.items()):
        cases.run(f'aiosmtpd: {name}', whole, aio, client, ('starttls', 'implicit')[number % 2],
                  sent, False)
    aio.close()


main(tests)
