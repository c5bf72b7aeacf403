# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the live tests share: running postern-send, reading mail back, and counting cases."""

import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
import traceback

import servers
from servers import DOMAIN, USERS

SENDER = f'sender@{DOMAIN}'
ALICE = f'alice@{DOMAIN}'


class Result:
    """What one run of postern-send gave."""

    def __init__(self, done, seconds):
        self.status, self.seconds = done.returncode, seconds
        self.err = done.stderr.decode(errors='replace')
        self.out = done.stdout.decode(errors='replace')
        self.json = json.loads(self.out) if self.out.lstrip().startswith('{') else {}

    @property
    def outcome(self):
        return self.json.get('outcome')

    @property
    def route(self):
        return self.json.get('route') or {}

    @property
    def error_id(self):
        return (self.json.get('error') or {}).get('id')

    def recipients(self):
        return {r['address']: r for r in self.json.get('recipients', [])}

    def __str__(self):
        return f'exit {self.status} after {self.seconds:.2f} s\n{self.out}{self.err}'


class Client:
    """postern-send with the settings that most cases share."""

    def __init__(self, program, here, user='alice'):
        self.program, self.here, self.user = program, here, user
        self.password_file = here / 'password'

    def send(self, message, to=(ALICE,), ports=None, url='smtp://localhost', user=None,
             password=None, login=True, ca=None, sender=SENDER, options=(), from_file=False,
             timeout=60):
        user = user or self.user
        command = [self.program, '--json', '--server', url, '--timeout', str(timeout),
                   '--cafile', ca or servers.authority(self.here).pem]
        if ports:
            command += ['--ports', ports]
        if login:
            with open(self.password_file, 'w', encoding='utf-8') as f:
                f.write((USERS[user] if password is None else password) + '\n')
            command += ['--user', user, '--password-file', self.password_file]
        if sender is not None:
            command += ['-f', sender]
        command += list(options)
        if from_file:
            with open(self.here / 'message', 'wb') as f:
                f.write(message)
            command += ['--message', self.here / 'message']
            message = b''
        # An environment of no language and no settings, so that only the options count.
        env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C', 'HOME': '/nonexistent'}
        env.update((k, v) for k, v in os.environ.items() if k.endswith('SAN_OPTIONS'))
        start = time.monotonic()
        done = subprocess.run(command + list(to), input=message, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, timeout=timeout + 60)
        return Result(done, time.monotonic() - start)


def message(subject, body='Hello.\n', extra=''):
    """A whole message, LF line ends, as octets; Date and Message-ID are given."""
    text = (f'From: {SENDER}\nTo: {ALICE}\nSubject: {subject}\n'
            'Date: Tue, 03 Mar 2026 12:00:00 +0000\n'
            f'Message-ID: <{abs(hash((subject, time.time_ns())))}@test.example>\n{extra}\n')
    return text.encode() + (body if isinstance(body, bytes) else body.encode())


def random_lines(octets, seed):
    """Text of this many octets in lines of 0 to 998 octets, many of them beginning with dots."""
    source = random.Random(seed)
    letters = bytes(range(32, 127)) + bytes(range(128, 256)) + b'\t....'
    lines, total = [], 0
    while total < octets:
        line = b'.' * source.choice((0, 0, 0, 1, 2, 3)) + bytes(
            source.choices(letters, k=source.choice((0, 1, 60, 72, 76, 300, 995))))
        lines.append(line[:998])
        total += len(line) + 1
    return b'\n'.join(lines)[:octets]


def with_lf(octets):
    """As a Unix mailbox stores it: LF, and a last line that is ended."""
    octets = octets.replace(b'\r\n', b'\n')
    return octets if octets.endswith(b'\n') else octets + b'\n'


def expect(condition, *what):
    if not condition:
        raise AssertionError('\n'.join(str(w) for w in what))


def expect_equal(got, wanted, what, *more):
    expect(got == wanted, f'{what}: {got!r}, expected {wanted!r}', *more)


def split_front(stored, names):
    """Take the header fields that the server put in front (only these names) off stored."""
    front = 0
    while True:
        name = stored[front:].split(b':', 1)[0]
        if name not in names:
            return stored[:front], stored[front:]
        front = stored.index(b'\n', front) + 1
        while stored[front:front + 1] in (b' ', b'\t'):
            front = stored.index(b'\n', front) + 1


def expect_same(server, stored, sent):
    """The mailbox holds what was sent, octet for octet, behind the server's own fields."""
    _, rest = split_front(with_lf(stored), server.FRONT)
    wanted = with_lf(sent)
    # A header without the empty line behind it: a server may add that line.
    if rest == wanted or (b'\n\n' not in wanted and rest == wanted + b'\n'):
        return
    at = next((i for i, (a, b) in enumerate(zip(rest, wanted)) if a != b),
              min(len(rest), len(wanted)))
    raise AssertionError(f'{len(rest)} octets stored, {len(wanted)} sent; first difference at {at}:'
                         f'\n stored {rest[max(0, at - 40):at + 40]!r}'
                         f'\n sent   {wanted[max(0, at - 40):at + 40]!r}')


def expect_accepted(result, **route):
    expect_equal(result.status, 0, 'exit', result)
    expect_equal(result.outcome, 'accepted', 'outcome', result)
    expect_equal(result.json.get('error'), None, 'error', result)
    for key, value in route.items():
        expect_equal(result.route.get(key), value, f'route {key}', result)


def expect_refused(result, status, outcome, *ids):
    expect_equal(result.status, status, 'exit', result)
    expect_equal(result.outcome, outcome, 'outcome', result)
    error = result.json.get('error') or {}
    expect(error.get('id') and error.get('text'), 'no error is named', result)
    if ids:
        expect(error['id'] in ids, f'error {error["id"]!r}, expected one of {ids}', result)


def resident(pid):
    """The resident memory of a process, in kB; 0 once it has ended."""
    try:
        with open(f'/proc/{pid}/status') as f:
            found = re.search(r'VmRSS:\s+(\d+)', f.read())
            return int(found[1]) if found else 0
    except OSError:
        return 0


def expect_level(samples):
    """The last third takes no more memory than the second: many mails leave nothing behind."""
    expect(len(samples) >= 30, f'only {len(samples)} samples: too quick to tell')
    third = len(samples) // 3
    middle = statistics.median(samples[third:2 * third])
    last = statistics.median(samples[2 * third:])
    print(f'        resident memory: {middle:.0f} kB in the middle, {last:.0f} kB at the end')
    expect(last - middle <= 128, f'memory grows: {middle} kB, then {last} kB')


class Cases:
    """Runs cases, goes on after a failure, and says a line for each."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, function, *args, **kwargs):
        start = time.monotonic()
        try:
            function(*args, **kwargs)
        except Exception as e:  # a case that breaks must not hide the next one
            self.failed += 1
            print(f'FAILED  {name}')
            text = str(e) if isinstance(e, AssertionError) else traceback.format_exc()
            print('        ' + text.strip().replace('\n', '\n        '), flush=True)
        else:
            self.passed += 1
            print(f'ok      {name} ({time.monotonic() - start:.2f} s)', flush=True)


def main(tests):
    """tests(cases, here, *arguments of the program)."""
    sys.stdout.reconfigure(errors='backslashreplace')
    cases = Cases()
    try:
        with servers.place() as here:
            try:
                tests(cases, here, *sys.argv[1:])
            except servers.Unavailable:
                raise
            except Exception:
                cases.failed += 1
                traceback.print_exc(file=sys.stdout)
            if cases.failed:
                here.logs()
    except servers.Unavailable as why:
        print(f'SKIPPED: {why}')
        sys.exit(servers.SKIP)
    print(f'{cases.passed} passed, {cases.failed} failed')
    sys.exit(1 if cases.failed or not cases.passed else 0)
