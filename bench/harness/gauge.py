# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs of a client against the sink, and what they cost."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

HEAD = ('From: <sender@example.org>\r\nTo: <recipient0@example.com>\r\nSubject: speed\r\n'
        'Date: Tue, 03 Mar 2026 12:00:00 +0000\r\nMessage-ID: <speed@example.org>\r\nX-Fill: ')
LINE = 'Postern measures how long it takes to send a mail of quite ordinary words.'
SMALL = 4096
LARGE = 256 << 20
PATIENCE = 120 # seconds that a client may take

# More than the 40 ms after which Linux acknowledges at the latest: a client that Nagle's algorithm
# holds up until then is not charged with a turn for it.
DELAYS = {'': 0, '@50': 50}
MODES = ('plain', 'starttls', 'implicit')


class Failed(Exception):
    pass


def message(size=SMALL):
    """Exactly so many octets, the body in lines of 76 with their CRLF."""
    assert len(LINE) == 74
    lines = (size - len(HEAD) - 4) // 76
    fill = 'x' * (size - len(HEAD) - 4 - 76 * lines)
    return (HEAD + fill + '\r\n\r\n' + (LINE + '\r\n') * lines).encode()


def doors():
    """The sink's listeners: 'starttls', 'starttls-data' (no CHUNKING), 'starttls-data@50', ..."""
    for mode in MODES:
        login = '' if mode == 'plain' else ',login'
        for suffix, delay in DELAYS.items():
            tail = login + (f',delay={delay}' if delay else '')
            yield f'{mode}{suffix}={mode}{tail}'
            yield f'{mode}-data{suffix}={mode},data{tail}'


class Session:
    """A line of the sink's log."""

    def __init__(self, line):
        words = dict(w.split('=', 1) for w in line.split()[1:])
        self.mails, self.octets, self.turns = (int(words[w]) for w in ('mails', 'octets', 'turns'))
        self.opened, self.first, self.last = (
            int(words[w]) / 1e9 for w in ('opened', 'first', 'last'))
        self.at = [int(n) for n in words['at'].split(',') if n]


class Sink:
    def __init__(self, build, place):
        self.dir = tempfile.mkdtemp(dir=place)
        self.ca = os.path.join(self.dir, 'ca.pem')
        log = os.path.join(self.dir, 'log')
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [os.path.join(build, 'bench/sink'), '--ca', self.ca, '--log', log, *doors()],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.ports = {k: int(v) for k, v in (w.split('=') for w in line.split())}
        self.log = open(log, encoding='ascii') # pylint: disable=consider-using-with

    def pin(self, cores):
        os.sched_setaffinity(self.process.pid, cores)

    def sessions(self, mails):
        """Those that ended since; waits until so many mails are accounted for."""
        found, part, end = [], '', time.monotonic() + 30
        while sum(s.mails for s in found) < mails and time.monotonic() < end:
            part += self.log.readline()
            if part.endswith('\n'):
                found.append(Session(part))
                part = ''
            else:
                time.sleep(0.002)
        if sum(s.mails for s in found) != mails:
            raise Failed(f'{sum(s.mails for s in found)} mails of {mails} arrived')
        return found

    def forget(self):
        time.sleep(0.05)
        self.log.read()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Bench:
    """The build, a place for files, and what the clients are given."""

    def __init__(self, build, place):
        self.build, self.place = build, place
        self.message = os.path.join(place, 'message')
        with open(self.message, 'wb') as f:
            f.write(message())
        self.large = None
        self.cores = sorted(os.sched_getaffinity(0))

    def large_file(self):
        """The message of 256 MiB as a file, for those that read one."""
        if not self.large:
            self.large = os.path.join(self.place, 'large')
            with open(self.message, 'rb') as f:
                head, body = f.read().split(b'\r\n\r\n', 1)
            block = body * 64
            with open(self.large, 'wb') as f:
                left = LARGE - f.write(head + b'\r\n\r\n')
                while left >= 76:
                    left -= f.write(block if left >= len(block) else block[:left // 76 * 76])
        return self.large

    def environment(self, client, more):
        return {'PATH': os.environ['PATH'], 'HOME': self.place, 'LC_ALL': 'C',
                **client.environment, **more}

    def run(self, client, sink, mode, way, count, *, recipients=1, size=SMALL, cores=None,
            door=None, before=(), env=None, ca=None, mails=None):
        """Its sessions.  before: a program that runs it, as valgrind."""
        port = sink.ports[door or client.door(mode)]
        command = [*before, *client.command(
            mode, port, ca or sink.ca, self.message, size, count, recipients, way)]
        env = dict(env or {})
        if size == LARGE and client.reads_file:
            env['BENCH_FILE'] = self.large_file()
        with subprocess.Popen(
                command, env=self.environment(client, env), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None) as p:
            try:
                out, err = p.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.communicate()
                sink.forget()
                raise Failed(f'{client.name}: over {PATIENCE} s') from None
        if p.returncode:
            sink.forget()
            raise Failed(f'{client.name} {mode} {way}: {err.strip()[-300:] or p.returncode}')
        self.said = out
        return sink.sessions(mails or count)

    # ---- Exact figures: the difference of two lengths, so that the start cancels out. ----

    def per_mail(self, total, lengths):
        short, long = lengths
        return (total(long) - total(short)) / (long - short)

    def instructions(self, client, sink, mode, way, lengths, ca=None):
        def total(count):
            place = tempfile.mkdtemp(dir=self.place)
            self.run(client, sink, mode, way, count, ca=ca, before=[
                'valgrind', '--tool=cachegrind', '--cache-sim=no', '--trace-children=yes',
                '--cachegrind-out-file=/dev/null', f'--log-file={place}/%p'])
            n = 0
            for name in os.listdir(place):
                with open(os.path.join(place, name), encoding='ascii', errors='replace') as f:
                    found = re.search(r'I\s+refs:\s+([\d,]+)', f.read())
                n += int(found[1].replace(',', '')) if found else 0
            shutil.rmtree(place)
            return n
        return self.per_mail(total, lengths)

    def allocations(self, client, sink, mode, way, lengths, ca=None):
        """(all, those of libpostern itself)"""
        def total(count):
            fd, name = tempfile.mkstemp(dir=self.place)
            os.close(fd)
            self.run(client, sink, mode, way, count, ca=ca, env={
                'LD_PRELOAD': os.path.join(self.build, 'bench/count.so'), 'BENCH_COUNTS': name,
                # Interpreters that allocate by themselves are told to ask the C library.
                'PYTHONMALLOC': 'malloc', 'USE_ZEND_ALLOC': '0'})
            with open(name, encoding='ascii') as f:
                rows = [[int(n) for n in line.split()] for line in f]
            os.unlink(name)
            return [sum(row[i] for row in rows) for i in (0, 1)]
        totals = {n: total(n) for n in lengths}
        return tuple(self.per_mail(lambda n, i=i: totals[n][i], lengths) for i in (0, 1))

    def large_mail(self, client, sink, mode, way, cores):
        """(MB/s, peak MiB, processor seconds per GB)"""
        fd, name = tempfile.mkstemp(dir=self.place)
        os.close(fd)
        sessions = self.run(client, sink, mode, way, 1, size=LARGE, cores=cores,
                            before=[os.path.join(self.build, 'bench/cost'), name])
        with open(name, encoding='ascii') as f:
            peak, user, system = (float(x) for x in f.read().split())
        os.unlink(name)
        s = sessions[0]
        return s.octets / (s.last - s.opened) / 1e6, peak / 1024, (user + system) / s.octets * 1e9


def rate(sessions):
    """Mails a second, from the first accepted to the last."""
    mails = sum(s.mails for s in sessions)
    spent = max(s.last for s in sessions) - min(s.first for s in sessions)
    return (mails - 1) / spent if spent > 0 else 0.0
