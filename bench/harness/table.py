# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one table, and the targets."""

from .gauge import MODES
from .measures import middle

LIBRARIES = ('libESMTP', 'libcurl', 'libetpan')
OTHERS = ('msmtp', 'smtplib', 'PHPMailer', 'nodemailer', 'smtp-source')
FLOORS = ('', ', DATA', ', queued') # what the floor has as well
TITLE = {'plain': 'plain', 'starttls': 'STARTTLS', 'implicit': 'implicit TLS'}


def count(x):
    if x is None:
        return ''
    if x >= 1e6:
        return f'{x / 1e6:,.1f} M'
    return f'{x:,.0f}' if x >= 100 else f'{x:.3g}'


def ratio(x):
    return '' if x is None else count(x)


class Row:
    """less: a smaller figure is better.  The peers' figures are those of the same measure, whatever
    of ours it stands beside."""

    def __init__(self, label, results, measure, ours='Postern', floor='floor', pick=None,
                 less=False, peers=None):
        def get(name):
            return middle(results, measure, name, pick)
        self.label, self.less = label, less
        self.ours, self.floor = get(ours), get(floor) if floor else None
        self.peers = {n: get(n) for n in LIBRARIES + OTHERS} if peers is None else peers
        self.any = self.ours is not None

    def best(self, names=LIBRARIES + OTHERS):
        values = [self.peers.get(n) for n in names if self.peers.get(n)]
        return (min if self.less else max)(values) if values else None

    def times(self, names=LIBRARIES + OTHERS):
        """How many times better than the best of them."""
        best = self.best(names)
        if not best or not self.ours:
            return None
        return best / self.ours if self.less else self.ours / best

    def of_floor(self):
        return self.ours / self.floor if self.ours is not None and self.floor else None

    def cells(self, names):
        return [self.label, count(self.floor), count(self.ours),
                *(count(self.peers.get(n)) for n in names),
                ratio(self.times()), ratio(self.of_floor())]


def waits(r):
    yield 'Waits for the server (exact, on a line with a delay)'
    for mode in MODES[1:]:
        for n in (1, 10, 100):
            to = f'{n} recipient' + ('s' if n > 1 else '')
            for variant in ('', ', DATA'):
                yield Row(f'first mail, {TITLE[mode]}, {to}{variant}', r, ('turns', mode, n),
                          'Postern' + variant, 'floor' + variant, 0, True)
    for n in (1, 10, 100):
        to = f'{n} recipient' + ('s' if n > 1 else '')
        for variant in ('', ', DATA'):
            yield Row(f'next mail, {to}{variant}', r, ('turns', 'starttls', n),
                      'Postern' + variant, 'floor' + variant, 1, True)
    for mode in MODES[1:]:
        row = Row(f'each of 256 queued, {TITLE[mode]}', r, ('queue turns', mode),
                  'Postern, queued', None, less=True, peers={})
        yield row
    yield 'Seconds for 1,000 mails of 4 KiB, STARTTLS, a line of 50 ms, one connection'
    for variant, label in (('', 'one at a time'), (', DATA', 'one at a time, DATA'),
                           (', queued', 'queued'), (', window of 32', 'queued, a window of 32'),
                           (', 2 connections', 'queued, 2 connections'),
                           (', DATA, queued', 'queued, DATA')):
        yield Row(label, r, ('slow line',), 'Postern' + variant,
                  'floor' + variant if variant in FLOORS else None, less=True)


def speeds(r):
    for where in ('one core', 'free'):
        yield f'Messages a second, 4 KiB, warm connection, ' + \
            ('client and sink on one core' if where == 'one core' else 'on all cores')
        for mode in MODES:
            for variant in ('', ', DATA', ', queued', ', DATA, queued', ', 2 connections'):
                yield Row(TITLE[mode] + (variant or ', one at a time'), r,
                          ('rate', mode, 'warm', where), 'Postern' + variant,
                          'floor' + variant if variant in FLOORS else None)
    yield 'Messages a second, 4 KiB, a connection for each, one core'
    for mode in MODES:
        for variant in ('', ', DATA'):
            yield Row(TITLE[mode] + variant, r, ('rate', mode, 'fresh', 'one core'),
                      'Postern' + variant, 'floor' + variant)


def works(r):
    yield 'Instructions for a mail of 4 KiB (they repeat within a few percent)'
    for mode in MODES[:2]:
        for variant in ('', ', DATA', ', queued', ', DATA, queued'):
            yield Row(f'{TITLE[mode]}, warm{variant}', r, ('work', mode, 'warm'),
                      'Postern' + variant, 'floor' + variant if variant in FLOORS else None,
                      0, True)
    for label in ('fresh', 'fresh, all authorities'):
        yield Row(f'STARTTLS, {label}', r, ('work', 'starttls', label), pick=0, less=True)
    yield 'Allocations for a mail of 4 KiB'
    for mode in MODES[:2]:
        for variant in ('', ', queued'):
            yield Row(f'{TITLE[mode]}, warm{variant}, all', r, ('work', mode, 'warm'),
                      'Postern' + variant, 'floor' + variant, 1, True)
            yield Row(f'{TITLE[mode]}, warm{variant}, the library\'s own', r,
                      ('work', mode, 'warm'), 'Postern' + variant, None, 2, True, peers={})
    yield Row('STARTTLS, fresh, all', r, ('work', 'starttls', 'fresh'), pick=1, less=True)


def sizes(r):
    yield 'One mail of 256 MiB'
    for mode in MODES[:2]:
        for variant in ('', ', DATA'):
            yield Row(f'MB a second, {TITLE[mode]}{variant}', r, ('large', mode),
                      'Postern' + variant, 'floor' + variant, 0)
        yield Row(f'MB a second, {TITLE[mode]}, from a file', r, ('large file', mode),
                  floor=None, pick=0, peers={})
    for mode in MODES[:2]:
        for variant in ('', ', DATA'):
            yield Row(f'peak MiB, {TITLE[mode]}{variant}', r, ('large', mode),
                      'Postern' + variant, 'floor' + variant, 1, True)
    for mode in MODES[:2]:
        yield Row(f'processor seconds a GB, {TITLE[mode]}', r, ('large', mode), pick=2, less=True)


def idles(r, count):
    yield f'Octets of memory, {count:,} idle in one process'
    for mode in MODES[:2]:
        yield Row(f'a session, {TITLE[mode]}', r, ('idle', mode), pick='session', less=True)
        yield Row(f'a handle without a connection, {TITLE[mode]}', r, ('idle', mode), floor=None,
                  pick='handle', less=True, peers={})


def sections(plan):
    for part in (waits, speeds, works, sizes):
        yield from part(plan.results)
    yield from idles(plan.results, plan.idle)


def show(plan, names):
    head = ['', 'floor', '**Postern**', *names, 'x best', 'of floor']
    print('| ' + ' | '.join(head) + ' |')
    print('|---|' + '---:|' * (len(head) - 1))
    waiting = None
    for row in sections(plan):
        if isinstance(row, str):
            waiting = row
        elif row.any:
            if waiting:
                print(f'| **{waiting}** |' + ' |' * (len(head) - 1))
                waiting = None
            print('| ' + ' | '.join(row.cells(names)) + ' |')


# ---- The targets. ----


def targets(plan):
    """(what, the measured value, the bound, is it a lower bound)"""
    r = plan.results

    def turns(mode, n, name, i):
        return middle(r, ('turns', mode, n), name, i)

    for name, mode, most in (('Postern', 'starttls', 8), ('Postern', 'implicit', 6),
                             ('Postern, DATA', 'starttls', 9), ('Postern, DATA', 'implicit', 7)):
        worst = [turns(mode, n, name, 0) for n in (1, 10, 100)]
        worst = [w for w in worst if w is not None]
        how = 'DATA' if 'DATA' in name else 'CHUNKING'
        yield (f'waits, first mail, {TITLE[mode]}, {how}, 1 to 100 recipients',
               max(worst) if worst else None, most, False)
    yield 'waits, next mail, CHUNKING', turns('starttls', 1, 'Postern', 1), 1, False
    yield 'waits, next mail, DATA', turns('starttls', 1, 'Postern, DATA', 1), 2, False
    yield ('waits, queued with CHUNKING', middle(r, ('queue turns', 'starttls'),
                                                 'Postern, queued'), 0.125, False)
    for name in ('queued', 'window of 32'):
        row = Row('', r, ('slow line',), 'Postern, ' + name, None, less=True)
        yield f'1,000 queued at 50 ms, {name}, times the best peer', row.times(), 20, True
    for mode, most in (('plain', 8000), ('starttls', 26000)):
        yield (f'instructions for a warm mail, {TITLE[mode]}',
               middle(r, ('work', mode, 'warm'), 'Postern', 0), most, False)
    yield ('allocations of the library for a warm mail, TLS',
           middle(r, ('work', 'starttls', 'warm'), 'Postern', 2), 10, False)
    for mode in MODES[:2]:
        row = Row('', r, ('rate', mode, 'warm', 'one core'))
        yield f'one at a time, {TITLE[mode]}, times the best library', row.times(LIBRARIES), 3, True
        yield f'one at a time, {TITLE[mode]}, of the floor', row.of_floor(), 0.65, True
    for mode, least in (('plain', 6), ('starttls', 4)):
        row = Row('', r, ('rate', mode, 'warm', 'one core'), 'Postern, queued', 'floor, queued')
        yield f'queued, {TITLE[mode]}, times the best library', row.times(LIBRARIES), least, True
        yield f'queued, {TITLE[mode]}, of the floor', row.of_floor(), 0.75, True
    for label in ('fresh', 'fresh, all authorities'):
        row = Row('', r, ('work', 'starttls', label), pick=0, less=True)
        yield f'instructions of a {label} STARTTLS connection, of the floor', row.of_floor(), \
            1.1, False
    tls = Row('', r, ('large', 'starttls'), pick=0)
    best = max((x for x in (middle(r, ('large', 'starttls'), n, 0)
                            for n in ('floor', 'floor, DATA')) if x), default=None)
    yield '256 MiB, TLS, of the floor', tls.ours / best if best and tls.ours else None, 0.9, True
    yield '256 MiB, TLS, times the best library', tls.times(LIBRARIES), 2, True
    row = Row('', r, ('large', 'plain'), pick=0)
    yield '256 MiB, plain, times the best library', row.times(LIBRARIES), 2, True
    yield '256 MiB, TLS, peak MiB', middle(r, ('large', 'starttls'), 'Postern', 1), 8, False
    session = middle(r, ('idle', 'starttls'), 'Postern', 'session')
    yield (f'KiB for each of {plan.idle:,} idle TLS sessions',
           session / 1024 if session else None, 40, False)


def show_targets(plan):
    missed = 0
    print('| target | wanted | measured | |')
    print('|---|---:|---:|---|')
    for what, value, bound, at_least in targets(plan):
        if value is None:
            continue
        good = value >= bound if at_least else value <= bound
        missed += not good
        print(f'| {what} | {"≥" if at_least else "≤"} {bound:,} | {count(value)} | '
              f'{"met" if good else "**missed**"} |')
    return missed
