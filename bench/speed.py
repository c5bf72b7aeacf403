#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Postern beside other clients: prints one table.  bench/run.sh builds and calls this.

bench/speed.py BUILD SERVERS [--quick] [--markdown] [--only CLIENT,...] [--measure NAME,...]

BUILD: a build directory in which `ninja bench` was run.  SERVERS: where Debian's Postfix and
nodemailer are unpacked, for smtp-source.  See bench/README.md."""

import argparse
import os
import platform
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from harness import clients, measures, table
from harness.gauge import Bench, Sink


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build')
    parser.add_argument('servers', nargs='?', default='')
    parser.add_argument('--quick', action='store_true',
                        help='C libraries only, short runs, fewer measures')
    parser.add_argument('--markdown', action='store_true', help='with date and kind of machine')
    parser.add_argument('--only', help='these clients only, separated by commas')
    parser.add_argument('--measure', help='these measures only: turns, slow_line, warm, fresh, '
                        'free, work, large, idle')
    return parser.parse_args()


def chosen_clients(args):
    found = [*clients.floors(args.build), *clients.ours(args.build),
             *clients.libraries(args.build)]
    if args.only or not args.quick:
        found += clients.others(args.servers)
    if args.only:
        wanted = args.only.split(',')
        found = [c for c in found if c.name.split(',')[0] in wanted]
    return found


def some(plan, names):
    short = plan.quick
    rounds, seconds = (1, 0.15) if short else (5, 0.4)
    calls = {
        'turns': lambda: measures.turns(plan, (1, 100)),
        'slow_line': lambda: measures.slow_line(plan, 5),
        'warm': lambda: measures.rates(plan, 'warm', 'one core', measures.MODES, rounds, seconds),
        'fresh': lambda: measures.rates(plan, 'fresh', 'one core', measures.MODES, rounds, seconds),
        'free': lambda: measures.rates(plan, 'warm', 'free', measures.MODES, rounds, seconds),
        'work': lambda: (measures.work(plan, 'warm', measures.MODES[:2]),
                         measures.work(plan, 'fresh', measures.MODES[1:2])),
        'large': lambda: measures.large(plan, 1 if short else 3),
        'idle': lambda: measures.idle(plan, 500 if short else measures.IDLE),
    }
    for name in names:
        calls[name]()


def describe():
    release = '.'.join(platform.release().split('.')[:2])
    print(f'{time.strftime("%Y-%m-%d")}, {os.cpu_count()} cores, Linux {release}, '
          f'{platform.machine()}. Medians of runs in turn.\n')


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix='postern-speed.') as place:
        bench = Bench(os.path.abspath(args.build), place)
        sink = Sink(bench.build, place)
        plan = measures.Plan(bench, sink, chosen_clients(args), args.quick)
        try:
            if args.measure:
                some(plan, args.measure.split(','))
            else:
                measures.everything(plan)
        finally:
            sink.close()
    names = [n for n in table.LIBRARIES + table.OTHERS if n in {c.name for c in plan.clients}]
    if args.markdown:
        describe()
    table.show(plan, names)
    print()
    missed = table.show_targets(plan)
    print(f'\nTargets missed: {missed}.' if missed else '\nAll targets that were measured are met.')


main()
