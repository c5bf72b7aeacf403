# SPDX-License-Identifier: LGPL-2.1-or-later
"""The port policy on the real ports 587, 465 and 2525, with packets that vanish on the way.

netns_test.py POSTERN-SEND POSTERN-SANDBOX DRIVER [CASE], as root; DRIVER is bench/peers/postern.c.
Which ports are tried in which order, what comes of the mail, that one sign-in was made and that
nothing was said elsewhere; how long it took is printed, and only a hang fails."""

import os
import subprocess
import sys
import time

import world
from world import HOST, PORTS, World
from world import e2e
from e2e import accepted, equal, expect, failed

HANG = 20 # seconds


def run(w, *command):
    """A program on the client's host; gives the finished process and the seconds."""
    began = time.monotonic()
    done = subprocess.run(w.command(*command), input=e2e.MESSAGE, capture_output=True, check=False,
                          timeout=HANG + 40)
    seconds = time.monotonic() - began
    expect(seconds < HANG, f'{seconds:.1f} s', done.stdout, done.stderr)
    return done, seconds


def send(cases, w, server=HOST, options=()):
    with open(os.path.join(w.box.here, 'password'), 'w', encoding='ascii') as f:
        f.write('password\n')
    done, seconds = run(w, cases.send_program, '--json', '--server', f'smtp://{server}', '--cafile',
                        w.ca, '--user', 'user', '--password-file', f.name, '--timeout', HANG,
                        '-f', e2e.SENDER, *options, 'a@example.com')
    print(f'        {seconds * 1000:.0f} ms')
    return e2e.Result(done.returncode, done.stdout.decode(errors='replace'),
                      done.stderr.decode(errors='replace'), seconds)


def words(box, port, command):
    """How often the client said this to this port."""
    return sum(line.upper().startswith(command) for line in box.said(str(port)))


def only_at(box, winner, mails=1):
    """Signed in and sent there, once for each mail, and nowhere else."""
    for port in box.modes:
        wanted = mails if port == str(winner) else 0
        for command in ('AUTH', 'MAIL', 'RCPT'):
            equal(words(box, port, command), wanted, f'{command} at {port}', *box.log())
    equal(len(box.messages()), mails, 'messages', *box.log())
    equal(box.violations(), [], 'violations', *box.log())


def tried(result):
    return [a['port'] for a in result.attempts]


def in_order(ports, least):
    """Attempts were made in the order of the policy, and at least these."""
    equal(ports, [587, 465, 2525][:len(ports)], 'order')
    expect(len(ports) >= least, f'tried {ports}, expected at least {least}')


# What is wrong: the world's arguments, the rules, the sandbox's options, then the port that must
# win (None: any one, time decides) and what the first attempt's record may say.
UNREACHABLE = [None, 'connect-unreachable']
SILENT = ['--on', '587', '--silent']
SLOW = ['--on', '587', '--delay', 'GREETING=400']
SLOWER = ['--on', '587', '--delay', 'GREETING=600']
FAULTS = {
    'healthy': ({}, [], [], 587, [None]),
    '587 dropped': ({}, [('drop', 587)], [], 465, [None]),
    '587 and 465 dropped': ({}, [('drop', 587), ('drop', 465)], [], 2525, [None]),
    'IPv6 dropped': ({}, [('drop', '6')], [], None, [None]),
    '587 dropped, and IPv6': ({}, [('drop', 587), ('drop', '6')], [], 465, [None]),
    '587 refused': ({'ports': PORTS[1:]}, [], [], 465, ['connect-refused']),
    '587 and 465 refused': ({'ports': PORTS[2:]}, [], [], 2525, ['connect-refused']),
    '587 unreachable': ({}, [('unreachable', 587)], [], 465, UNREACHABLE),
    '587 forbidden on this host': ({}, [('here prohibit', 587)], [], 465, ['connect-forbidden']),
    '587 unreachable from this host': ({}, [('here unreachable', 587)], [], 465,
                                       ['connect-unreachable']),
    '587 silent': ({}, [], SILENT, 465, [None]),
    '587 silent, 465 dropped': ({}, [('drop', 465)], SILENT, 2525, [None]),
    '587 answers after 400 ms': ({}, [], SLOW, None, [None]),
    # Two are alive at once, and only one of them may sign in.
    '587 answers after 600 ms': ({}, [], SLOWER, None, [None]),
}


def apply(w, rules):
    for action, what in rules:
        here = action.startswith('here ')
        action = action.removeprefix('here ')
        if what == '6':
            w.rule(action, families=(6,), here=here)
        else:
            w.rule(action, what, here=here)


def fault(cases, row, delay):
    own, rules, options, port, ids = row
    with World(cases.sandbox_program, *options, delay=delay, **own) as w:
        apply(w, rules)
        result = send(cases, w)
        accepted(result)
        winner = result.route['port']
        in_order(tried(result), tried(result).index(winner) + 1)
        if port and not delay: # a slow line on a busy machine may be slower still
            equal(winner, port, 'port', result)
        expect(('drop', winner) not in rules, 'not that one', result)
        expect(result.attempts[0]['error_id'] in ids, f'expected {ids}', result)
        if ('drop', '6') in rules:
            expect(':' not in result.route['address'], 'over IPv6', result)
        only_at(w.box, winner)
        if not rules and not options and not own and not delay:
            equal(sum(w.box.opened(n) for n in ('465', '2525')), 0, 'connections elsewhere')


def all_dropped(cases):
    """It ends with the time limit, says so, and has tried all in order."""
    with World(cases.sandbox_program) as w:
        w.drop()
        result = send(cases, w, options=['--timeout', '2'])
        failed(result, 75, 'transient', 'time-limit')
        equal(tried(result), [587, 465, 2525], 'attempts', result)
        equal(sum(w.box.opened(n) for n in w.box.modes), 0, 'connections', *w.box.log())
        only_at(w.box, None, 0)


def one_port_dropped(cases):
    """A port that was named has no way round it, however well the others are."""
    with World(cases.sandbox_program) as w:
        w.drop(587)
        result = send(cases, w, server=HOST + ':587', options=['--timeout', '2'])
        failed(result, 75, 'transient', 'time-limit')
        equal(tried(result), [587], 'attempts', result)
        only_at(w.box, None, 0)


def literal(cases, address, family):
    """A host given as an address has that one only."""
    with World(cases.sandbox_program) as w:
        w.drop(587)
        result = send(cases, w, server=address, options=['--timeout', '5'])
        # The certificate is for a name, so it must stop at the first port that answers.
        failed(result, 78, 'permanent', 'certificate-wrong-name')
        equal(tried(result), [587, 465], f'attempts over IPv{family}', result)
        only_at(w.box, None, 0)


# ---- The remembered route. ----


def drive(w, driver, count, route=None):
    """[(outcome, port, family, [ports tried])], and the route saved at the end."""
    done, _ = run(w, driver, HOST, w.ca, count, *([route] if route else []))
    lines = done.stdout.decode().splitlines()
    expect(len(lines) == count + 1, done.stdout, done.stderr)
    rows = []
    for line in lines[:-1]:
        milliseconds, outcome, where, *rest = line.split(' ')
        port, family = where.split('/')
        rows.append((outcome, int(port), int(family), [int(n) for n in rest[-1].split(',')]))
        print(f'        {float(milliseconds):.0f} ms: {outcome} {where} after {rest[-1]}')
    return rows, lines[-1].removeprefix('route ')


def remembered(cases, driver, rules, port, delay):
    """The second mail and a later process go to the port that worked, and to no other."""
    with World(cases.sandbox_program, delay=delay) as w:
        apply(w, rules)
        rows, route = drive(w, driver, 3)
        equal([r[:2] for r in rows], [('accepted', port)] * 3, 'sends')
        in_order(rows[0][3], [587, 465, 2525].index(port) + 1)
        equal([r[3][0] for r in rows[1:]], [port] * 2, 'tried first again')
        expect(route, 'no route to save')
        rows, _ = drive(w, driver, 1, route)
        equal([(r[:2], r[3][0]) for r in rows], [(('accepted', port), port)], 'restored')
        only_at(w.box, port, 4)


def forgotten(cases, driver):
    """A remembered port that is gone costs what any dropped port costs, and is replaced."""
    with World(cases.sandbox_program) as w:
        w.drop(587)
        _, route = drive(w, driver, 1)
        only_at(w.box, 465)
        w.undrop(587)
        w.drop(465)
        rows, _ = drive(w, driver, 2, route)
        equal([r[:2] for r in rows], [('accepted', 587)] * 2, 'sends')
        equal([r[3] for r in rows], [[465, 587], [587]], 'tried')
        equal([words(w.box, n, 'AUTH') for n in (587, 465, 2525)], [2, 1, 0], 'sign-ins')
        equal(len(w.box.messages()), 3, 'messages')
        equal(w.box.violations(), [], 'violations', *w.box.log())


def other_family(cases, driver):
    """A route remembered over IPv6, which leads nowhere now: the same host over IPv4."""
    with World(cases.sandbox_program) as w:
        _, route = drive(w, driver, 1)
        w.drop(families=(6,))
        rows, _ = drive(w, driver, 2, route)
        equal([(r[0], r[2]) for r in rows], [('accepted', 4)] * 2, 'sends')
        equal(sum(words(w.box, n, 'AUTH') for n in w.box.modes), 3, 'sign-ins')
        equal(len(w.box.messages()), 3, 'messages')
        equal(w.box.violations(), [], 'violations', *w.box.log())


def tests(driver, tun):
    def all_tests(cases):
        for name, row in FAULTS.items():
            cases.run(name, fault, cases, row, 0)
            if tun and name.startswith(('healthy', '587 dropped', 'IPv6', '587 silent',
                                        '587 answers')):
                cases.run(f'{name}, 50 ms away', fault, cases, row, 50)
        cases.run('all dropped', all_dropped, cases)
        cases.run('the one port named dropped', one_port_dropped, cases)
        for family, addresses in world.ADDRESSES.items():
            address = addresses[1] if family == 4 else f'[{addresses[1]}]'
            cases.run(f'IPv{family} literal, 587 dropped', literal, cases, address, family)
        for name, (rules, port) in {'healthy': ([], 587), '587 dropped': ([('drop', 587)], 465),
                                    '587 and 465 dropped': ([('drop', 587), ('drop', 465)], 2525)
                                    }.items():
            for delay in (0, 50) if tun else (0,):
                cases.run(f'remembered, {name}' + (', 50 ms away' if delay else ''), remembered,
                          cases, driver, rules, port, delay)
        cases.run('remembered, then dropped', forgotten, cases, driver)
        cases.run('remembered over IPv6, then without', other_family, cases, driver)
    return all_tests


def main():
    driver = os.path.abspath(sys.argv.pop(3))
    try:
        world.check()
    except world.Impossible as e:
        print(f'skipped: {e}')
        sys.exit(77)
    tun = world.slow_line()
    if not tun:
        print('without the cases 50 ms away: no tun devices here')
    e2e.main(tests(driver, tun))


main()
