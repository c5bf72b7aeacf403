# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queues of thousands of mails, with and without CHUNKING and PIPELINING, as the server has it or
as the caller wants it, over one connection and over several: each mail is there once, and whole."""

import json
import os
import re
import subprocess
import time
from urllib.parse import quote

from harness import ALICE, SENDER, expect, expect_equal, expect_level, main, resident
from servers import USERS, Exim, Postfix, authority, wait_for

LONG = bool(os.environ.get('POSTERN_LONG'))
MANY, FEW = 5000, 5000 if LONG else 250

# What, port, parameters of the URL, further words, the command that brings the content, how many.
CASES = (
    ('both', 'starttls', '', (), 'BDAT', MANY),
    ('both, 4 connections', 'starttls', 'connections=4', (), 'BDAT', FEW),
    ('both, implicit TLS, a window of 32', 'implicit', 'window=32', (), 'BDAT', FEW),
    ('both, no window', 'starttls', 'window=1', (), 'BDAT', FEW),
    ('both, 50 mails a connection', 'starttls', '', ('each=50',), 'BDAT', FEW),
    ('no CHUNKING there', 'nochunking', '', (), 'DATA', FEW),
    ('no CHUNKING there, 3 connections', 'nochunking', 'connections=3', (), 'DATA', FEW),
    ('no CHUNKING there, a window behind DATA', 'nochunking', '', ('behind=1',), 'DATA', 250),
    ('no PIPELINING there', 'nopipelining', '', (), None, FEW),
    ('neither there', 'neither', '', (), 'DATA', MANY),
    ('CHUNKING not wanted', 'starttls', '', ('without=CHUNKING',), 'DATA', FEW),
    ('PIPELINING not wanted', 'starttls', '', ('without=PIPELINING',), None, FEW),
    ('neither wanted, 2 connections', 'starttls', 'connections=2',
     ('without=CHUNKING', 'without=PIPELINING'), 'DATA', FEW),
)


def run(here, program, words):
    """What the program told, and samples of its memory."""
    samples = []
    with open(here / 'queue.out', 'w+b') as out, open(here / 'queue.err', 'w+b') as err:
        p = subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        while p.poll() is None:
            rss = resident(p.pid)
            if rss:
                samples.append(rss)
            time.sleep(0.01)
        out.seek(0)
        err.seek(0)
        said = err.read().decode(errors='replace')
        expect_equal(p.returncode, 0, 'exit', said[-2000:])
        return json.loads(out.read()), said, samples


def body(number):
    """As queue.c makes it."""
    return b''.join(b'.' * (i % 4) + b'line %d of %d\n' % (i, number)
                    for i in range(number % 50 + 1))


def stored(server, count):
    """Header and body of each mail that the server took."""
    if isinstance(server, Exim) and server.held:
        return server.spooled()
    wait_for(f'{count} mails', lambda: len(server.boxes.files('alice')) >= count, 200)
    server.settled()
    return [mail.split(b'\n\n', 1) for mail in server.boxes.take('alice', count)]


def expect_each_once(mails, count):
    seen = {}
    for header, text in mails:
        found = re.findall(rb'(?im)^Message-ID:\s*<(\d+)@queue\.example>', header)
        expect_equal(len(found), 1, 'Message-ID fields', header)
        number = int(found[0])
        seen[number] = seen.get(number, 0) + 1
        expect_equal(text.rstrip(b'\n') + b'\n', body(number), f'body of mail {number}')
    twice = [number for number, times in seen.items() if times > 1]
    expect(not twice, 'stored twice:', twice[:20])
    lost = [number for number in range(1, count + 1) if number not in seen]
    expect(not lost, 'not stored:', lost[:20])
    expect_equal(len(seen), count, 'mails')


def queue(server, program, here, port, parameters, words, command, count):
    mode = 'implicit' if port == 'implicit' else 'starttls'
    url = (f'smtp://alice:{quote(USERS["alice"])}@localhost?ports={server.ports[port]}/{mode}'
           f'&cafile={quote(authority(here).pem)}' + (f'&{parameters}' if parameters else ''))
    told, said, samples = run(here, program, [f'server={url}', f'from={SENDER}', f'to={ALICE}',
                                              *words, f'many={count}', 'quit'])
    print(f'        {count} accepted in {told["seconds"]:.2f} s, over {told["AUTH"]} connection(s)')
    mails = stored(server, count)
    if isinstance(server, Exim):
        server.empty()
    expect_equal((told['accepted'], told['done']), (count, count), 'accepted, told', said[-2000:])
    expect_each_once(mails, count)
    expect_equal(told['MAIL'], count, 'MAIL commands')
    expect_equal(told['RCPT'], count, 'RCPT commands')
    if command:
        other = 'DATA' if command == 'BDAT' else 'BDAT'
        expect(told[command] >= count, told)
        expect_equal(told[other], 0, other, told)
    most = int((re.findall(r'connections=(\d+)', parameters) or [1])[0])
    expected = -(-count // 50) if 'each=50' in words else most
    expect(told['AUTH'] <= expected and (most == 1 or told['AUTH'] > 1), 'connections', told)
    if count >= 5000:
        expect_level(samples)


def limited(server, program, here, words, window):
    """The server hangs up after 100 mails with 421 to the MAIL of the next: that one goes over the
    next connection, those that were on their way behind it are in doubt and not sent again; and from
    then on a connection is left in time."""
    count = 450
    url = (f'smtp://alice:{quote(USERS["alice"])}@localhost?window={window}'
           f'&ports={server.ports["limited"]}/starttls&cafile={quote(authority(here).pem)}')
    told, said, _ = run(here, program, [f'server={url}', f'from={SENDER}', f'to={ALICE}', *words,
                                        f'many={count}', 'quit'])
    mails = stored(server, told['accepted'])
    server.empty()
    others = {int(number): outcome for number, outcome in
              re.findall(r'(?m)^message (\d+): (transient|in-doubt): ', said)}
    numbers = [int(re.search(rb'<(\d+)@queue\.example>', header)[1]) for header, _ in mails]
    print(f'        {told["accepted"]} accepted, {len(others)} not, over {told["AUTH"]} sessions')
    expect_equal(told['done'], count, 'told')
    expect_equal(len(numbers), len(set(numbers)), 'stored once')
    expect_equal(set(numbers), set(range(1, count + 1)) - set(others), 'stored', others)
    expect(all(outcome == 'in-doubt' for outcome in others.values()), 'not in doubt', others)
    expect(len(others) <= (0 if 'each=100' in words else window - 1), 'in doubt', others)


def tests(cases, here, program):
    for name, server in (('Postfix', Postfix(here)), ('Exim', Exim(here, held=True))):
        for what, *arguments in CASES:
            cases.run(f'{name}: {arguments[-1]} mails, {what}', queue, server, program, here,
                      *arguments)
    for words, window in (((), 8), ((), 1), (('each=100',), 8)):
        cases.run(f'Exim takes 100 mails a connection: a window of {window} {" ".join(words)}',
                  limited, server, program, here, words, window)


main(tests)
