#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a mail takes when ports are closed, filtered or silent, beside other clients.

bench/routes.py [BUILD] [--quick]

As root, on Linux, with iproute2: the clients and the server are in network namespaces, with the
real ports.  BUILD: a build directory (build), for the library and the sandbox.  --quick leaves the
other clients out.  Prints a table in Markdown.  See bench/README.md."""

import argparse
import concurrent.futures
import os
import platform
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'tests', 'netns'))
import world # pylint: disable=wrong-import-position

CAP = 90 # seconds that a client may take
ROUNDS = 3
SENDS = 5 # of one handle: the first, and four with the route remembered
SOON = 6 # seconds after which a client is taken for one that waits long

# name: (pkg-config's name or None, Debian package)
PEERS = {
    'libESMTP': ('libesmtp-1.0', 'libesmtp-dev'),
    'libcurl': ('libcurl', 'libcurl4-gnutls-dev'),
    'libetpan': ('libetpan', 'libetpan-dev'),
    'msmtp': (None, 'msmtp'),
}

SILENT = ('--on', '587', '--silent')
SLOW = ('--on', '587', '--delay', 'GREETING=400')


class Fault:
    """What is wrong in one world, and the most ms that it should add (None: no target)."""

    def __init__(self, name, target, rules=(), options=(), delay=0, waits=True, **world_args):
        self.name, self.target, self.rules, self.options = name, target, rules, options
        self.delay, self.world_args = delay, world_args
        self.waits = waits # a client without another port may wait long
        self.world = None

    def make(self, sandbox):
        # One mechanism, so that all make the same round trips.
        self.world = world.World(sandbox, '--mechanisms', 'PLAIN', *self.options,
                                 delay=self.delay, **self.world_args)
        for action, ports, families in self.rules:
            self.world.rule(action, *ports, families=families)


BOTH, SIX = (4, 6), (6,)
HEALTHY = 'healthy'


def faults(delay):
    yield Fault(HEALTHY, None, delay=delay, waits=False)
    if not delay:
        # An ICMPv6 error within connect() is lost on a line without any delay: IPv4 only.
        yield Fault('587 refused', 300, ports=world.PORTS[1:], waits=False)
        yield Fault('587 unreachable', 300, [('unreachable', [587], BOTH)], families=(4,),
                    waits=False)
    yield Fault('587 dropped', 300, [('drop', [587], BOTH)], delay=delay)
    yield Fault('587 and 465 dropped', 600, [('drop', [587, 465], BOTH)], delay=delay)
    yield Fault('IPv6 dropped', 300, [('drop', [], SIX)], delay=delay)
    yield Fault('587 silent', 1000, options=SILENT, delay=delay)
    yield Fault('587 answers after 400 ms', None, options=SLOW, delay=delay, waits=False)
    if not delay:
        yield Fault('all dropped', None, [('drop', [], BOTH)], delay=delay)


# ---- The programs. ----


def fail(*words):
    print('bench/routes.py:', *words, file=sys.stderr)
    sys.exit(69)


def compile_driver(name, place, flags):
    out = os.path.join(place, name)
    command = ['cc', '-std=c11', '-D_GNU_SOURCE', '-O2', '-o', out,
               os.path.join(HERE, 'peers', f'{name}.c'), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return None
    return out


def here(name):
    package, _ = PEERS[name]
    if not package:
        return shutil.which(name) is not None
    return not subprocess.run(['pkg-config', '--exists', package], check=False).returncode


def install():
    lacking = [PEERS[n][1] for n in PEERS if not here(n)]
    if not lacking or not shutil.which('apt-get'):
        return
    print('installing', *lacking, file=sys.stderr)
    subprocess.run(['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120', 'install',
                    '--no-install-recommends', *lacking], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=False,
                   env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})


def flags_of(package):
    if not package:
        return []
    done = subprocess.run(['pkg-config', '--cflags', '--libs', package], capture_output=True,
                          text=True, check=True)
    return shlex.split(done.stdout)


def version_of(name):
    package, debian = PEERS[name]
    command = ['pkg-config', '--modversion', package] if package else \
        ['dpkg-query', '-W', '-f=${Version}', debian]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f'{name} {done.stdout.strip().split("-")[0]}'.strip()


def peers(place):
    """{name: its driver}, of those that are here or can be installed."""
    install()
    drivers = {}
    for name, (package, _) in PEERS.items():
        driver = here(name) and compile_driver(name.lower(), place, flags_of(package))
        if driver:
            drivers[name] = driver
        else:
            print(f'left out: {name}', file=sys.stderr)
    return drivers


def environment(fault, place):
    """libESMTP has no call for the authorities, and hangs with STARTTLS and TLS 1.3: both are
    settings of its OpenSSL."""
    conf = os.path.join(place, 'openssl.cnf')
    with open(conf, 'w', encoding='ascii') as f:
        f.write('openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n'
                '[c]\nMaxProtocol = TLSv1.2\n')
    return {'PATH': os.environ['PATH'], 'HOME': place, 'LC_ALL': 'C', 'OPENSSL_CONF': conf,
            'SSL_CERT_FILE': fault.world.ca}


# ---- Runs. ----


class Run:
    """One run of a driver on the client's host."""

    def __init__(self, fault, driver, place, count=1, more=()):
        self.began, self.route = time.monotonic(), ''
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            fault.world.command(driver, world.HOST, fault.world.ca, count, *more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(fault, place), start_new_session=True)
        RUNNING.append(self)

    def over(self):
        return self.process.poll() is not None

    def end(self, until=None):
        """[(ms, accepted, remark)], or None if it had to be killed."""
        out, killed = '', False
        try:
            left = (until or self.began + CAP) - time.monotonic()
            # Long over is over, however late somebody looks.
            out, _ = self.process.communicate(timeout=None if self.over() else max(0, left))
        except subprocess.TimeoutExpired:
            killed = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
        RUNNING.remove(self)
        rows = []
        for line in out.splitlines():
            first, _, rest = line.partition(' ')
            if first == 'route':
                self.route = rest
            else:
                word, _, remark = rest.partition(' ')
                rows.append((float(first), word == 'accepted', remark))
        if killed or any(ms > CAP * 1000 for ms, _, _ in rows):
            return None
        return rows


RUNNING = []


def stop_all():
    for run in list(RUNNING):
        run.end(until=time.monotonic())


def postern_rounds(fault, driver, place, cells):
    """First and later sends of one handle, and the first of a process with the route saved."""
    run = Run(fault, driver, place, SENDS)
    rows = run.end() or []
    cells.setdefault((fault, 'first'), []).extend(rows[:1])
    cells.setdefault((fault, 'second'), []).extend(rows[1:])
    rows = Run(fault, driver, place, 1, [run.route]).end() if run.route else []
    cells.setdefault((fault, 'restored'), []).extend(rows or [])


def measure(all_faults, postern, drivers, place):
    """{(fault, column): [(ms, accepted, remark)]}; an empty list: it was still at it at the cap."""
    cells, waiting = {}, {}
    clients = {'first': postern, **drivers}
    for fault in all_faults:
        for name, driver in clients.items():
            if fault.waits and (name != 'first' or fault.name == 'all dropped'):
                waiting[fault, name] = Run(fault, driver, place)
    if waiting:
        time.sleep(SOON)
    for key in [k for k, run in waiting.items() if run.over()]:
        waiting.pop(key).end() # quick enough to be measured with the others
    for n in range(ROUNDS):
        print(f'round {n + 1} of {ROUNDS}', file=sys.stderr)
        for fault in all_faults:
            if (fault, 'first') not in waiting:
                postern_rounds(fault, postern, place, cells)
            for name, driver in drivers.items():
                if (fault, name) not in waiting:
                    cells.setdefault((fault, name), []).extend(
                        (Run(fault, driver, place).end() or [])[:1])
    if waiting:
        print(f'waiting for those that wait, {CAP} s at most', file=sys.stderr)
    for key, run in waiting.items():
        cells[key] = (run.end() or [])[:1]
    return cells


# ---- The table. ----


def span(ms):
    return f'{ms / 1000:.1f} s' if ms >= 10000 else f'{ms:.0f}' if ms >= 20 else f'{ms:.1f}'


def cell(rows):
    """Median and least; or how it ended otherwise."""
    if rows is None:
        return ''
    if not rows:
        return f'> {CAP} s'
    times = [ms for ms, _, _ in rows]
    text = span(statistics.median(times))
    if not all(ok for _, ok, _ in rows):
        return f'fails, {text}'
    return text if len(times) == 1 else f'{text} ({span(min(times))})'


def over(cells, healthy, fault, key):
    """What the fault adds: of the first sends' medians; of the next ones' least, as what the
    scheduler adds to a few milliseconds is more than what is looked for."""
    rows, well = cells.get((fault, key)), cells.get((healthy, key))
    of = statistics.median if key == 'first' else min
    if not rows or not well or not all(ok for _, ok, _ in rows):
        return None
    return of(ms for ms, _, _ in rows) - of(ms for ms, _, _ in well)


def ports(cells, fault):
    rows = cells.get((fault, 'first'))
    return rows[0][2].split(' ')[0].split('/')[0] if rows and rows[0][1] else 'none'


def verdict(added, target):
    if added is None or target is None:
        return ''
    return f' (≤ {target}{"" if added <= target else ", MISSED"})'


def table(cells, all_faults, names):
    head = ['ms to acceptance', 'port', 'first send', 'added', 'next send', 'added',
            'saved route', *names]
    print('| ' + ' | '.join(head) + ' |')
    print('|' + '---|' * len(head))
    missed = 0
    for fault in all_faults:
        if fault.name == HEALTHY:
            healthy = fault
        columns = []
        for key, target in (('first', fault.target), ('second', 5 if fault.target else None)):
            added = over(cells, healthy, fault, key)
            missed += added is not None and target is not None and added > target
            columns += [cell(cells.get((fault, key))),
                        '' if added is None or fault is healthy else
                        f'{added:+.0f}{verdict(added, target)}']
        where = fault.name + (f', {fault.delay} ms away' if fault.delay else '')
        print('| ' + ' | '.join([where, ports(cells, fault), *columns,
                                 cell(cells.get((fault, 'restored'))),
                                 *(cell(cells.get((fault, n))) for n in names)]) + ' |')
    return missed


def describe(names):
    release = '.'.join(platform.release().split('.')[:2])
    print(f'{time.strftime("%Y-%m-%d")}, {os.cpu_count()} cores, Linux {release}, '
          f'{platform.machine()}. Median (least) of {ROUNDS} rounds, clients in turn; '
          f'cap {CAP} s.', end='\n\n')
    if names:
        print('Beside it, told port 587 with STARTTLS: ' +
              ', '.join(version_of(n) for n in names) + '.', end='\n\n')


def make_all(every, sandbox):
    """A fresh line needs a second to settle; let them do so together."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for made in [pool.submit(fault.make, sandbox) for fault in every]:
            made.result()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build', nargs='?', default='build')
    parser.add_argument('--quick', action='store_true', help='without the other clients')
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    args.sandbox = os.path.join(args.build, 'examples/sandbox/postern-sandbox')
    if not os.path.exists(args.sandbox):
        fail(f'no {args.sandbox}: meson setup build && ninja -C build, or name the directory')
    return args


def main():
    args = arguments()
    try:
        world.check()
    except world.Impossible as e:
        fail(e)
    with tempfile.TemporaryDirectory(prefix='postern-bench.') as place:
        lib = os.path.join(args.build, 'lib')
        postern = compile_driver('postern', place, [
            '-I' + os.path.join(os.path.dirname(HERE), 'include'), '-L' + lib, '-lpostern',
            '-Wl,-rpath,' + lib])
        if not postern:
            fail('the driver of Postern does not compile')
        drivers = {} if args.quick else peers(place)
        delays = (0, 50) if world.slow_line() else (0,)
        every = [f for d in delays for f in faults(d)]
        if args.quick:
            every = [f for f in every if f.name != 'all dropped']
        try:
            make_all(every, args.sandbox)
            cells = measure(every, postern, drivers, place)
        finally:
            stop_all()
            for fault in every:
                if fault.world:
                    fault.world.close()
    describe(list(drivers))
    missed = table(cells, every, list(drivers))
    print(f'\nTargets missed: {missed}.' if missed else '\nAll targets met.')
    if len(delays) == 1:
        print('Without a slow line: no tun devices here.')


main()
