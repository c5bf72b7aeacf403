# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured.  Each function fills results: {(measure, client's name): [values]}; a measure is
a tuple of words, as ('rate', 'starttls', 'warm', 'one core')."""

import concurrent.futures
import os
import resource
import statistics
import sys

from .gauge import MODES, Failed, Sink, rate

SYSTEM = '/etc/ssl/certs/ca-certificates.crt'
IDLE = 10000
QUEUE_AT_50 = 1000


def note(*words):
    print(*words, file=sys.stderr, flush=True)


class Plan:
    """What a run comprises: all of it, or the quick one."""

    def __init__(self, bench, sink, clients, quick):
        self.bench, self.sink, self.quick = bench, sink, quick
        self.clients = clients
        self.results, self.failures = {}, {}
        self.idle = 0 # sessions of idle()

    def of(self, measure):
        return [c for c in self.clients if not c.only or measure in c.only]

    def client(self, name):
        return next(c for c in self.clients if c.name == name)

    def attempt(self, client, key, call):
        """Adds the value of call(); a client that fails once at something is not asked again."""
        if (key, client.name) in self.failures:
            return None
        try:
            value = call()
        except Failed as e:
            note(f'  {client.name}, {" ".join(str(w) for w in key)}: {e}')
            self.failures[key, client.name] = str(e)
            return None
        self.results.setdefault((key, client.name), []).append(value)
        return value


# ---- Messages a second. ----


def ways(client, kind):
    return getattr(client, kind)


def rates(plan, kind, where, modes, rounds, seconds):
    """Interleaved: each round runs every client once.  kind: 'warm' or 'fresh'."""
    one = where == 'one core'
    cores = {plan.bench.cores[-1]} if one else set(plan.bench.cores)
    plan.sink.pin(cores)
    counts = {}

    def run(client, mode, n):
        return rate(plan.bench.run(client, plan.sink, mode, ways(client, kind), n, cores=cores))

    def count(client, mode):
        """So many that it takes the time, found by ever longer runs."""
        n = 6
        while n < 200000:
            speed = run(client, mode, n)
            wanted = int(speed * seconds) if speed else 20 * n
            if speed and wanted <= 4 * n:
                return max(6, wanted)
            n = min(wanted, 20 * n)
        return 200000

    for turn in range(rounds):
        note(f'{kind}, {where}: round {turn + 1} of {rounds}')
        for mode in modes:
            for client in plan.of(where):
                key = ('rate', mode, kind, where)
                if mode not in client.modes or not ways(client, kind) or \
                        (key, client.name) in plan.failures:
                    continue
                try:
                    if (mode, client) not in counts:
                        counts[mode, client] = count(client, mode)
                except Failed as e:
                    note(f'  {client.name}: {e}')
                    plan.failures[key, client.name] = str(e)
                    continue
                plan.attempt(client, key, lambda c=client, m=mode: run(c, m, counts[m, c]))
    plan.sink.pin(set(plan.bench.cores))


# ---- Exact: round trips; and a slow line. ----


def apart(plan, tasks):
    """Run them side by side, each with a sink of its own: they wait for the line, not for us."""
    def one(task):
        client, key, call = task
        sink = Sink(plan.bench.build, plan.bench.place)
        try:
            plan.attempt(client, key, lambda: call(sink))
        finally:
            sink.close()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(one, tasks))


def turns(plan, recipients):
    """(of the first mail, of the next one)"""
    note('round trips')

    def call(client, mode, n, sink):
        sessions = plan.bench.run(client, sink, mode, client.warm or client.fresh, 3,
                                  recipients=n, door=client.door(mode, '@50'))
        at = sorted(sessions, key=lambda s: s.opened)[0].at
        return at[0], at[2] - at[1] if len(at) > 2 else at[0]

    apart(plan, [(c, ('turns', mode, n), lambda sink, c=c, m=mode, n=n: call(c, m, n, sink))
                 for n in sorted(recipients, reverse=True) for mode in ('starttls', 'implicit')
                 for c in plan.of('turns') if mode in c.modes and 'queued' not in c.name])
    queue = plan.client('Postern, queued')
    apart(plan, [(queue, ('queue turns', mode), lambda sink, m=mode: queue_turns(plan, m, sink))
                 for mode in ('starttls', 'implicit')])


def queue_turns(plan, mode, sink):
    """Waits for each of 256 queued mails, without those that set the session up."""
    queue = plan.client('Postern, queued')
    s = plan.bench.run(queue, sink, mode, queue.warm, 256, door=queue.door(mode, '@50'))[0]
    setup = 7 if mode == 'starttls' else 5
    return (s.turns - setup) / s.mails


def slow_line(plan, count):
    """Seconds for 1,000 mails at 50 ms, STARTTLS; of the others count mails are sent."""
    note('1,000 mails on a line of 50 ms')

    def call(client, sink):
        queued = client.warm.split('-')[0] in ('queue', 'window') if client.warm else False
        n = QUEUE_AT_50 if queued and not client.data else count
        sessions = plan.bench.run(client, sink, 'starttls', client.warm or client.fresh, n,
                                  door=client.door('starttls', '@50'))
        begun = min(s.opened for s in sessions)
        first, last = min(s.first for s in sessions), max(s.last for s in sessions)
        return first - begun + (QUEUE_AT_50 - 1) * (last - first) / (n - 1)

    apart(plan, [(c, ('slow line',), lambda sink, c=c: call(c, sink))
                 for c in plan.of('slow line') if 'starttls' in c.modes])


# ---- Exact: instructions and allocations. ----


def lengths(client, kind):
    if client.name in ('smtplib', 'PHPMailer'):
        return (20, 60) if kind == 'warm' else (3, 8)
    return (200, 600) if kind == 'warm' else (4, 12)


def work(plan, kind, modes, ca=None, label=None):
    note(f'instructions and allocations, {label or kind}')
    skip = ('nodemailer',)

    def call(client, mode, sink):
        args = client, sink, mode, ways(client, kind), lengths(client, kind)
        return (plan.bench.instructions(*args, ca=ca(sink) if ca else None),
                *plan.bench.allocations(*args, ca=ca(sink) if ca else None))

    tasks = [(c, ('work', mode, label or kind), lambda sink, c=c, m=mode: call(c, m, sink))
             for mode in modes for c in plan.of('work')
             if mode in c.modes and ways(c, kind) and c.name not in skip]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        def one(task):
            sink = Sink(plan.bench.build, plan.bench.place)
            try:
                plan.attempt(task[0], task[1], lambda: task[2](sink))
            finally:
                sink.close()
        list(pool.map(one, tasks))


def all_authorities(sink):
    """A file with the system's authorities, and the sink's."""
    name = os.path.join(sink.dir, 'all.pem')
    with open(name, 'wb') as out:
        for part in (SYSTEM, sink.ca):
            with open(part, 'rb') as f:
                out.write(f.read() + b'\n')
    return name


# ---- Large, and many. ----


def large(plan, rounds):
    """256 MiB; the sink on one core, the client on another where there is one."""
    note('256 MiB')
    plan.sink.pin({plan.bench.cores[-1]})
    slow = ('smtplib', 'PHPMailer', 'msmtp', 'nodemailer')
    for turn in range(rounds):
        for mode in ('plain', 'starttls'):
            for c in plan.of('large'):
                if mode not in c.modes or 'queued' in c.name or (turn and c.name in slow) or \
                        c.name == 'smtp-source':
                    continue
                plan.attempt(c, ('large', mode), lambda c=c, m=mode: plan.bench.large_mail(
                    c, plan.sink, m, c.warm or c.fresh, {plan.bench.cores[0]}))
    postern = plan.client('Postern')
    plan.bench.large_file()
    postern.reads_file = True
    for mode in ('plain', 'starttls'):
        plan.attempt(postern, ('large file', mode), lambda m=mode: plan.bench.large_mail(
            postern, plan.sink, m, 'file', {plan.bench.cores[0]}))
    postern.reads_file = False
    plan.sink.pin(set(plan.bench.cores))


def idle(plan, count):
    """Octets of a handle without a connection, and of an idle session, in one process.  Fewer where
    the system does not give a process the descriptors: an idle session takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3 * count, max(hard, 3 * count)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        count = min(count, (hard - 50) // 200 * 100)
    plan.idle = count
    note(f'{count} idle sessions')
    for c in plan.clients:
        if c.name not in ('floor', 'Postern', 'libcurl', 'libetpan'):
            continue
        n = count if c.name in ('floor', 'Postern') else min(count, 300)
        for mode in ('plain', 'starttls'):
            def call(c=c, n=n, mode=mode):
                plan.bench.run(c, plan.sink, mode, 'idle', n)
                return dict((w, int(v)) for w, v in
                            (line.split() for line in plan.bench.said.splitlines()))
            plan.attempt(c, ('idle', mode), call)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(
        resource.RLIMIT_NOFILE)[1]))


def everything(plan):
    quick = plan.quick
    turns(plan, (1, 100) if quick else (1, 10, 100))
    slow_line(plan, 5 if quick else 15)
    rates(plan, 'warm', 'one core', MODES[:2] if quick else MODES, 1 if quick else 5,
          0.15 if quick else 0.4)
    rates(plan, 'fresh', 'one core', MODES[1:2] if quick else MODES, 1 if quick else 3,
          0.15 if quick else 0.4)
    if not quick:
        rates(plan, 'warm', 'free', MODES, 3, 0.4)
    work(plan, 'warm', MODES[:2])
    work(plan, 'fresh', MODES[1:2])
    if os.path.exists(SYSTEM):
        chosen = plan.clients
        plan.clients = [c for c in chosen if c.name in ('floor', 'Postern', 'libcurl')]
        work(plan, 'fresh', MODES[1:2], ca=all_authorities, label='fresh, all authorities')
        plan.clients = chosen
    large(plan, 1 if quick else 7)
    idle(plan, 500 if quick else IDLE)


def middle(results, measure, name, pick=None):
    """The median, or None."""
    values = results.get((measure, name))
    if not values:
        return None
    return statistics.median(v if pick is None else v[pick] for v in values)

