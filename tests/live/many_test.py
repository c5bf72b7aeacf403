# SPDX-License-Identifier: LGPL-2.1-or-later
"""1,000 mails over one handle: all there, none twice, one connection, and memory stays level."""

import re
import subprocess
import time
from urllib.parse import quote

from harness import ALICE, SENDER, expect, expect_equal, expect_level, main, resident
from servers import USERS, Exim, Postfix, authority, wait_for


def many(server, program, here, kind, count):
    mode = 'implicit' if kind == 'implicit' else 'starttls'
    url = (f'smtp://alice:{quote(USERS["alice"])}@localhost?ports={server.ports[kind]}/{mode}'
           f'&cafile={quote(authority(here).pem)}')
    start = time.monotonic()
    samples = []
    with open(here / 'many.out', 'w+b') as out:
        p = subprocess.Popen([program, url, SENDER, ALICE, str(count)], stdin=subprocess.DEVNULL,
                             stdout=out, stderr=out)
        while p.poll() is None:
            rss = resident(p.pid)
            if rss:
                samples.append(rss)
            time.sleep(0.01)
            if time.monotonic() - start > 240:
                p.kill()
        out.seek(0)
        said = out.read().decode(errors='replace')
    seconds = time.monotonic() - start
    expect_equal(p.returncode, 0, 'exit', said[-2000:])
    print(f'        {count} mails in {seconds:.2f} s')
    wait_for(f'{count} mails', lambda: len(server.boxes.files('alice')) >= count, 120)
    server.settled()
    stored = server.boxes.take('alice', count)
    expect_equal(len(stored), count, 'mails stored')
    ids = [re.findall(rb'(?im)^Message-ID:\s*(<[^>]+>)', mail.split(b'\n\n', 1)[0])
           for mail in stored]
    expect(all(len(i) == 1 for i in ids), 'a mail without, or with two, Message-ID')
    expect_equal(len({i[0] for i in ids}), count, 'different Message-IDs')
    if isinstance(server, Postfix):
        connects = [line for line in server.log_lines(': connect from') if f'{kind}/smtpd' in line]
        expect_equal(len(connects), 2, 'connections, one of which asked whether the server is up')
    if count >= 1000:
        expect_level(samples)


def tests(cases, here, program):
    mx = Postfix(here)
    cases.run('Postfix: 1,000 mails over one handle, STARTTLS', many, mx, program, here,
              'starttls', 1000)
    cases.run('Postfix: 1,000 mails over one handle, implicit TLS', many, mx, program, here,
              'implicit', 1000)
    exim = Exim(here)
    cases.run('Exim: 200 mails over one handle', many, exim, program, here, 'starttls', 200)


main(tests)
