# SPDX-License-Identifier: LGPL-2.1-or-later
"""The port policy over real sockets: every failure on every port alone, and on two ports at once.

routes_test.py DRIVER POSTERN-SANDBOX [--all] [WORD]: --all takes every pair of failures, not only
one of each kind; WORD picks cases by name.

Each failure is a listener of a sandbox.  The driver has many submissions under way at a time, but
only one at each listener, so what a listener's log has gained belongs to one case.  What must come
of a case is foretold by foretell(), which knows nothing of the library."""

import collections
import glob
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

AT_ONCE = 20        # cases under way
LISTENERS_MOST = 16 # of one sandbox
PATIENCE = 20       # seconds for what should take milliseconds

# Milliseconds, so far apart that their order is certain.
LIMITS = {'attempt': 200, 'connect': 1500, 'greeting': 1500, 'tls': 1500, 'command': 1500,
          'auth': 1500, 'resolve': 1500, 'quit': 300}
LATE = 900 # when a late port speaks at last: two others were asked by then
SILENCE = 500 # the least that a connected port may say nothing before the next one is asked

# ---- The failures -------------------------------------------------------------------------------

# does: what it means for the other ports:
#   on    the next may try
#   up    only implicit TLS may, and from there nobody
#   stay  nobody else: right service, wrong moment
#   stop  everything ends at once
#   spent the same, but it comes after this port was chosen: here AUTH, or more, was sent
# waits: it fails by that limit only, or is late, and is silent till then.
# weight: which one to blame when several ports failed and none of them stopped the others.
Kind = collections.namedtuple('Kind', 'row name mode options script does ids outcome waits weight')

WEIGHT = {'F2': 1, 'F3': 2, 'F6': 3, 'F4': 4, 'F7ehlo': 5, 'F8': 6, 'F10': 7, 'F7': 8}
FINE = 'fine'
KINDS = {'starttls': {}, 'implicit': {}}


def failure(modes, row, name, does, ids, outcome, *options, script=None, waits=None, weight=None,
            raw=False):
    """raw: the sandbox is not to begin with TLS on its own, though the client does."""
    for mode in modes.split():
        listen = 'none' if raw else mode
        KINDS[mode][name] = Kind(row, name, listen, options, script, does, ids.split(), outcome,
                                 waits, WEIGHT.get(weight or row, 0))


def reply(command, text):
    return '--reply', f'{command}={text}'


HELLO = 'greet "220 routes\\r\\n"\nexpect "EHLO *"\n'
TO_STARTTLS = HELLO + 'send "250-routes\\r\\n250 STARTTLS\\r\\n"\nexpect "STARTTLS"\n'
TO_TLS = TO_STARTTLS + 'send "220 go\\r\\n"\n'
ALERT = 'tls-raw "\\x15\\x03\\x03\\x00\\x02\\x02\\x50"\n' # internal_error
BOTH = 'starttls implicit'
P, T, D = 'permanent', 'transient', 'in-doubt'


def define_tcp_and_greeting():
    failure(BOTH, 'F2', 'refused', 'on', 'connect-refused', T, '--blocked')
    failure(BOTH, 'F2', 'stalled', 'on', 'connect-timeout', T, '--stalled', waits='connect')
    failure(BOTH, 'F3', 'closed', 'on', 'greeting-closed', T, script='fin\n', raw=True)
    failure(BOTH, 'F3', 'reset', 'on', 'greeting-closed connect-refused', T, script='rst\n',
            raw=True)
    failure('starttls', 'F3', 'silent', 'on', 'greeting-silent', T, '--silent', waits='greeting')
    failure('implicit', 'F3', 'closed-in-tls', 'on', 'greeting-closed', T, '--drop', 'GREETING')
    failure('implicit', 'F3', 'silent-in-tls', 'on', 'greeting-silent', T, script='tls good\n',
            raw=True, waits='greeting')
    failure(BOTH, 'F4', 'greeting-554', 'on', 'greeting-refused', P,
            *reply('GREETING', '554 5.3.2 no service here'))
    failure(BOTH, 'F4', 'greeting-550', 'on', 'greeting-refused', P, *reply('GREETING', '550 no'))
    failure(BOTH, 'F5', 'greeting-421', 'stay', 'greeting-busy', T,
            *reply('GREETING', '421 4.3.2 busy'))
    failure(BOTH, 'F5', 'greeting-450', 'stay', 'greeting-busy', T, *reply('GREETING', '450 busy'))
    http = 'greet "HTTP/1.1 400 Bad Request\\r\\nServer: x\\r\\n\\r\\n"\n'
    failure('starttls', 'F6', 'http', 'on', 'greeting-not-smtp', P, script=http)
    failure('implicit', 'F6', 'http', 'on', 'greeting-not-smtp', P, script='tls good\n' + http,
            raw=True)
    failure('starttls', 'F6', 'junk', 'on', 'greeting-not-smtp', P,
            script='greet "\\x00\\xff\\xfe\\r\\n"\n')
    failure('starttls', 'F6', 'imap', 'on', 'greeting-not-smtp', P,
            script='greet "* OK IMAP4rev1 ready\\r\\n"\n')
    failure('starttls', 'F6', 'tls-first', 'on', 'tls-mode-implicit-expected', P,
            script='greet "\\x15\\x03\\x03\\x00\\x02\\x02\\x28"\n')


def define_starttls():
    failure('starttls', 'F7', 'ehlo-502', 'up', 'ehlo-refused', P, *reply('EHLO#1', '502 no'),
            weight='F7ehlo')
    failure('starttls', 'F7', 'ehlo-550', 'up', 'ehlo-refused', P, *reply('EHLO#1', '550 no'),
            weight='F7ehlo')
    failure('starttls', 'F7', 'ehlo-closed', 'up', 'ehlo-closed', T, '--drop', 'EHLO#1',
            weight='F7ehlo')
    failure('starttls', 'F7', 'no-starttls', 'up', 'starttls-missing', P, '--no-starttls')
    failure('starttls', 'F7', 'starttls-502', 'up', 'starttls-refused', P,
            *reply('STARTTLS', '502 no'))
    failure('starttls', 'F7', 'starttls-554', 'up', 'starttls-refused', P,
            *reply('STARTTLS', '554 no'))
    failure('starttls', 'F8', 'starttls-454', 'up', 'starttls-busy', T,
            *reply('STARTTLS', '454 later'))
    failure('starttls', 'F8', 'starttls-421', 'up', 'starttls-busy', T,
            *reply('STARTTLS', '421 later'))
    failure('starttls', 'F8', 'starttls-closed', 'up', 'starttls-closed', T, '--drop', 'STARTTLS')
    failure('starttls', 'F9', 'injected-reply', 'stop', 'starttls-injected', P,
            '--inject', '250-x\\r\\n250 AUTH PLAIN\\r\\n')
    failure('starttls', 'F9', 'injected-octet', 'stop', 'starttls-injected', P, '--inject', 'x')
    failure('starttls', 'F9', 'two-220', 'stop', 'starttls-injected starttls-malformed', P,
            script=TO_STARTTLS + 'send "220 go\\r\\n220 go\\r\\n"\n')
    failure('starttls', 'F9', 'refused-and-220', 'stop', 'starttls-injected starttls-malformed', P,
            script=TO_STARTTLS + 'send "454 later\\r\\n220 go\\r\\n"\n')
    failure('starttls', 'F9', 'starttls-garbage', 'stop', 'starttls-malformed', P,
            script=TO_STARTTLS + 'send "hello\\r\\n"\n')
    failure('starttls', 'F9', 'starttls-250', 'stop', 'starttls-malformed', P,
            script=TO_STARTTLS + 'send "250 go\\r\\n"\n')
    failure('starttls', 'F9', 'text-for-tls', 'stop', 'starttls-injected', P,
            script=TO_TLS + 'tls-raw "250 ok\\r\\n"\n')


def define_tls():
    for mode, before, raw in (('starttls', TO_TLS, False), ('implicit', '', True)):
        failure(mode, 'F10', 'tls-alert', 'up', 'tls-alert', P, script=before + ALERT, raw=raw)
        failure(mode, 'F10', 'tls-half', 'up', 'tls-closed', T, raw=raw,
                script=before + 'tls-raw "\\x16\\x03\\x03\\x00"\nfin\n')
        failure(mode, 'F10', 'tls-hangs', 'up', 'tls-timeout', T, raw=raw, waits='tls',
                script=before + 'tls-raw "\\x16\\x03\\x03\\x00"\n')
    failure('starttls', 'F10', 'tls-closed', 'up', 'tls-closed', T, script=TO_TLS + 'fin\n')
    failure('starttls', 'F10', 'tls-silent', 'up', 'tls-timeout', T, script=TO_TLS, waits='tls')
    # Silent from the first: beside this one the next port is asked, as with any silence.
    failure('implicit', 'F10', 'silent', 'up', 'tls-timeout', T, '--silent', waits='tls-quiet')
    failure(BOTH, 'F10', 'tls-1.1', 'up', 'tls-no-common-version', P, '--tls', '1.0-1.1')
    failure('implicit', 'F10', 'smtp-in-clear', 'up', 'tls-mode-starttls-expected', P,
            script='greet "220 routes\\r\\n"\n', raw=True)
    failure('implicit', 'F10', 'http-in-clear', 'up', 'tls-not-tls', P,
            script='tls-raw "HTTP/1.1 400 Bad Request\\r\\n\\r\\n"\n', raw=True)
    for kind, fault in (('expired', 'expired'), ('not-yet-valid', 'not-yet-valid'),
                        ('wrong-name', 'wrong-name'), ('self-signed', 'self-signed'),
                        ('unknown-authority', 'unknown-authority'),
                        ('missing-intermediate', 'unknown-authority'),
                        ('not-authority', 'invalid'), ('weak', 'weak'), ('weak-hash', 'weak'),
                        ('wrong-purpose', 'wrong-purpose'), ('cn-only', 'wrong-name'),
                        ('ip-as-dns', 'wrong-name')):
        failure(BOTH, 'F11', kind, 'stop', 'certificate-' + fault, P, '--certificate', kind)


def define_session():
    greeting = 'greet "220 routes\\r\\n"\n'
    for mode, hello, up, raw in (('starttls', 'EHLO#2', TO_TLS + 'tls good\n', False),
                                 ('implicit', 'EHLO', 'tls good\n' + greeting, True)):
        failure(mode, 'F12', 'tls-ehlo-550', 'stay', 'tls-ehlo-refused', P, *reply(hello, '550 no'))
        failure(mode, 'F12', 'tls-ehlo-451', 'stay', 'tls-ehlo-busy', T, *reply(hello, '451 later'))
        failure(mode, 'F12', 'tls-ehlo-closed', 'stay', 'tls-ehlo-closed', T, '--drop', hello)
        failure(mode, 'F12', 'tls-ehlo-silent', 'stay', 'tls-ehlo-timeout', T,
                script=up + 'expect "EHLO *"\n', raw=raw, waits='command')
        failure(mode, 'F15', 'auth-silent', 'spent', 'auth-timeout', T, raw=raw, waits='auth',
                script=up + 'expect "EHLO *"\nsend "250-routes\\r\\n250 AUTH PLAIN\\r\\n"\n'
                'expect "AUTH PLAIN *"\n')
    failure(BOTH, 'F13', 'no-auth', 'stop', 'auth-not-offered', P, '--without', 'AUTH')
    failure(BOTH, 'F13', 'no-mechanism', 'stop', 'auth-no-mechanism', P, '--mechanisms', 'XOAUTH2')
    for code, fault in ((535, 'refused'), (530, 'needs-tls'), (538, 'needs-tls'),
                        (500, 'refused')):
        failure(BOTH, 'F14', f'auth-{code}', 'spent', 'auth-' + fault, P,
                *reply('AUTH', f'{code} no'))
    for code in (504, 534):
        failure(BOTH, 'F14', f'auth-{code}', 'spent', 'auth-mechanism-refused', P,
                *reply('AUTH', f'{code} no'), '--mechanisms', 'PLAIN')
    for code in (454, 421):
        failure(BOTH, 'F15', f'auth-{code}', 'spent', 'auth-busy', T, *reply('AUTH', f'{code} no'))
    failure(BOTH, 'F15', 'auth-closed', 'spent', 'auth-closed', T, '--drop', 'AUTH')
    failure(BOTH, 'F16', 'mail-550', 'spent', 'sender-refused', P, *reply('MAIL', '550 no'))
    failure(BOTH, 'F16', 'mail-451', 'spent', 'service-busy', T, *reply('MAIL', '451 later'))
    failure(BOTH, 'F16', 'mail-closed', 'spent', 'connection-lost', T, '--drop', 'MAIL',
            '--without', 'CHUNKING')
    failure(BOTH, 'F16', 'rcpt-550', 'spent', 'recipient-refused', P, *reply('RCPT', '550 no'))
    failure(BOTH, 'F16', 'data-554', 'spent', 'data-refused', P, *reply('DATA', '554 no'),
            '--without', 'CHUNKING')
    failure(BOTH, 'F16', 'dot-554', 'spent', 'content-refused', P, *reply('DOT', '554 no'))
    failure(BOTH, 'F16', 'dot-451', 'spent', 'greylisted', T, *reply('DOT', '451 later'))
    failure(BOTH, 'F16', 'dot-closed', 'spent', 'lost-after-content', D, '--drop', 'DOT')


def define_late():
    """What strikes when others were asked already; and the port that comes round after all."""
    greeting = f'delay {LATE}\ntls good\ngreet "220 routes\\r\\n"\nexpect "EHLO *"\n'
    failure('implicit', 'F11', 'late-wrong-name', 'stop', 'certificate-wrong-name', P, raw=True,
            script=f'delay {LATE}\ntls wrong-name\n', waits='late')
    failure('implicit', 'F12', 'late-tls-ehlo-550', 'stay', 'tls-ehlo-refused', P, raw=True,
            script=greeting + 'send "550 no\\r\\n"\nmaybe "QUIT"\n', waits='late')
    failure('implicit', 'F14', 'late-auth-535', 'spent', 'auth-refused', P, raw=True, waits='late',
            script=greeting + 'send "250-routes\\r\\n250 AUTH PLAIN\\r\\n"\n'
            'expect "AUTH PLAIN *"\nsend "535 no\\r\\n"\nmaybe "QUIT"\n')
    for row, name, does, ids, outcome, *options in (
            (FINE, 'late-fine', FINE, '', 'accepted'),
            ('F11', 'late-wrong-name', 'stop', 'certificate-wrong-name', P,
             '--certificate', 'wrong-name'),
            ('F12', 'late-tls-ehlo-550', 'stay', 'tls-ehlo-refused', P, *reply('EHLO#2', '550 no')),
            ('F14', 'late-auth-535', 'spent', 'auth-refused', P, *reply('AUTH', '535 no')),
            ('F4', 'late-554', 'on', 'greeting-refused', P, *reply('GREETING', '554 no')),
            ('F5', 'late-421', 'stay', 'greeting-busy', T, *reply('GREETING', '421 busy')),
            ('F7', 'late-no-starttls', 'up', 'starttls-missing', P, '--no-starttls'),
            ('F9', 'late-injected', 'stop', 'starttls-injected', P, '--inject', 'x')):
        failure('starttls', row, name, does, ids, outcome, '--delay', f'GREETING={LATE}', *options,
                waits='late')


define_tcp_and_greeting()
define_starttls()
define_tls()
define_session()
define_late()
for each in KINDS:
    failure(each, '', FINE, FINE, '', 'accepted')

# One of each kind, for the pairs.
STARTTLS_PAIR = ['refused', 'stalled', 'closed', 'silent', 'greeting-554', 'greeting-421', 'http',
                 'no-starttls', 'starttls-454', 'injected-reply', 'tls-alert', 'wrong-name',
                 'tls-ehlo-550', 'no-mechanism', 'auth-535', 'auth-454', 'mail-550']
IMPLICIT_PAIR = ['refused', 'stalled', 'closed', 'silent', 'greeting-554', 'greeting-421', 'http',
                 'smtp-in-clear', 'http-in-clear', 'tls-1.1', 'tls-alert', 'wrong-name',
                 'tls-ehlo-550', 'no-mechanism', 'auth-535', 'auth-454', 'mail-550']

# ---- What must come of it -----------------------------------------------------------------------

Port = collections.namedtuple('Port', 'number mode kind')
# started: places in the list of ports, in order; failed: place -> ids; blamed: a place, or the id
# itself, or None.
Fate = collections.namedtuple('Fate', 'started failed winner blamed')


class Teller:
    """Follows a list of ports through time.  Nothing but waiting takes any."""

    def __init__(self, ports, end=None):
        self.ports = ports
        self.end = end # when the caller gives up, in ms
        self.started, self.failed, self.running = [], {}, {} # running: place -> when it fails
        self.only_implicit = False
        self.next_at = 0 # when the next port is asked
        self.winner = self.blamed = None
        self.over = False

    def kind(self, i):
        return self.ports[i].kind

    def fresh(self):
        for i, port in enumerate(self.ports):
            if i not in self.started and (port.mode == 'implicit' or not self.only_implicit):
                return i
        return None

    def someone_speaks(self):
        return any(self.kind(i).waits in ('tls', 'command') for i in self.running)

    def start(self, i, now):
        kind = self.kind(i)
        self.started.append(i)
        if kind.waits and not (kind.does == 'spent' and kind.waits == 'auth'):
            wait = kind.waits.split('-')[0]
            self.running[i] = now + (LATE if wait == 'late' else LIMITS[wait])
            self.next_at = now + (LIMITS['attempt'] if kind.waits == 'connect' else SILENCE)
            if self.ports[i].mode == 'implicit' and kind.waits == 'greeting':
                # TLS was heard: it lives, and nobody else is asked.
                self.next_at = self.running[i]
        else:
            self.shows(i, now)

    def shows(self, i, now):
        """What it is comes to light."""
        does = self.kind(i).does
        self.running.pop(i, None)
        if does in (FINE, 'spent'): # it is chosen, whatever comes of it
            self.winner = i
            self.over = True
        if does != FINE:
            self.fails(i, now)

    def fails(self, i, now):
        does = self.kind(i).does
        self.failed[i] = self.kind(i).ids
        if not self.running or i == self.started[-1]:
            self.next_at = now
        if does in ('stay', 'stop', 'spent'):
            self.blamed = i
            self.over = True
        elif does == 'up':
            self.only_implicit = True
            if self.ports[i].mode == 'implicit':
                self.over = True
                return
            for other in [o for o in self.running if self.ports[o].mode != 'implicit']:
                del self.running[other]
            if self.started[-1] not in self.running:
                self.next_at = now

    def turn(self):
        moments = [(at, 0, i) for i, at in self.running.items()]
        fresh = self.fresh()
        if fresh is not None and not self.someone_speaks():
            moments.append((self.next_at, 1, fresh))
        if self.end is not None:
            moments.append((self.end, -1, None))
        if not moments:
            self.over = True
            return
        now, what, i = min(moments, key=lambda m: m[:2])
        if what < 0:
            self.over, self.blamed = True, 'end'
        elif what:
            self.start(i, now)
        else:
            self.shows(i, now)

    def fate(self):
        while not self.over:
            self.turn()
        if self.blamed is None and self.winner is None and self.failed:
            self.blamed = min(self.failed, key=lambda i: (-self.kind(i).weight, i))
        return Fate(self.started, self.failed, self.winner, self.blamed)


def foretell(ports, end=None):
    return Teller(ports, end).fate()


# ---- The sandboxes ------------------------------------------------------------------------------

class Listener:
    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.busy = False
        self.port = 0
        self.lines = [] # of the log: (connection, who, state, text)
        self.seen = 0

    def fresh_lines(self):
        return self.lines[self.seen:]

    def is_quiet(self):
        return (sum(w == '*' and t.startswith('open ') for _, w, _, t in self.lines)
                == sum(w == '*' and t.startswith('close ') for _, w, _, t in self.lines))


class Sandbox:
    def __init__(self, program, state, place, listeners):
        self.listeners = {l.name: l for l in listeners}
        self.log = place + '.log'
        command = [program, '--dir', state, '--log', self.log, '--ready-file', place, '--judge',
                   '--time', '300']
        for l in listeners:
            command += ['--listen', f'{l.name}=127.0.0.1:0/{l.kind.mode}']
        for n, l in enumerate(listeners):
            command += ['--on', l.name, *l.kind.options]
            if l.kind.script is not None:
                script = f'{place}.{n}.script'
                with open(script, 'w', encoding='utf-8') as f:
                    f.write(l.kind.script)
                command += ['--script', script]
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(place):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise RuntimeError('the sandbox does not start: ' + ' '.join(command))
            time.sleep(0.005)
        with open(place, encoding='utf-8') as f:
            values = dict(line.rstrip('\n').replace("'", '').split('=', 1) for line in f)
        self.ca = values['CA']
        for l in listeners:
            l.port = int(values['PORT_' + l.name])
        # pylint: disable=consider-using-with
        self.tail = open(self.log, 'rb')
        self.half = b''

    def read_log(self):
        text = self.half + self.tail.read()
        *lines, self.half = text.split(b'\n')
        for line in lines:
            part = line.decode(errors='replace').split(' ', 6)
            if len(part) == 7 and part[2] in self.listeners:
                self.listeners[part[2]].lines.append((int(part[1]), part[3], part[4], part[6]))

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.tail.close()


# Where cases would queue for one; of the good ones there are always enough.
COPIES = {FINE: 2 * AT_ONCE, 'refused': 6, 'stalled': 6, 'silent': 6}


class Field:
    """All listeners: one of each failure, or a few."""

    def __init__(self, program, place):
        everyone = []
        for mode, kinds in KINDS.items():
            for kind in kinds.values():
                copies = COPIES.get(kind.name, 2 if kind.waits else 1)
                everyone += [Listener(f'{mode[0]}{len(everyone) + i}', kind) for i in range(copies)]
        self.of = collections.defaultdict(list)
        for l in everyone:
            mode = 'starttls' if l.name[0] == 's' else 'implicit'
            self.of[mode, l.kind.name].append(l)
        self.state = os.path.join(place, 'state')
        self.boxes = []
        self.everyone = everyone
        try:
            for i in range(0, len(everyone), LISTENERS_MOST):
                self.boxes.append(Sandbox(program, self.state, os.path.join(place, f'box{i}'),
                                          everyone[i:i + LISTENERS_MOST]))
        except RuntimeError:
            self.stop()
            raise
        self.ca = self.boxes[0].ca

    def take(self, ports):
        """A free listener for each port, or None."""
        taken = []
        for port in ports:
            free = [l for l in self.of[port.mode, port.kind.name]
                    if not l.busy and l not in taken]
            if not free:
                if not any(l.busy for l in self.everyone):
                    raise RuntimeError(f'too few listeners: {port.kind.name}')
                return None
            taken.append(free[0])
        for l in taken:
            l.busy = True
            l.seen = len(l.lines)
        return taken

    def read_logs(self):
        for box in self.boxes:
            box.read_log()

    def stop(self):
        for box in self.boxes:
            box.stop()

    def mails(self):
        """Recipient -> names of the listeners it came in by."""
        came = collections.defaultdict(list)
        for name in glob.glob(os.path.join(self.state, 'envelopes', '*.json')):
            with open(name, encoding='utf-8') as f:
                envelope = json.load(f)
            if os.path.exists(os.path.join(self.state, 'Maildir/new', envelope['file'])):
                for recipient in envelope['recipients']:
                    came[recipient['address']].append(envelope['listener'])
        return came


# ---- Cases --------------------------------------------------------------------------------------

# The same everywhere is a failure of its own.
TOGETHER = {'connect-refused': 'ports-all-refused', 'connect-timeout': 'ports-all-timeout'}


class Wrong(Exception):
    """The wrong ports, or the wrong outcome."""


class Unsafe(Exception):
    """What may never happen, however slow the machine is."""


class Case:
    def __init__(self, number, ports, server='127.0.0.1', limits=None, fault=None, outcome=None):
        self.number, self.ports, self.server = number, ports, server
        self.limits = dict(LIMITS, **(limits or {}))
        end = (limits or {}).get('cancel', (limits or {}).get('overall'))
        self.fault, self.outcome = fault, outcome # where no port is to blame
        if fault and end is None:
            self.fate = Fate([], {}, None, 'end') # no name, no ports
        else:
            self.fate = foretell(ports, end)
        self.listeners, self.result, self.tries, self.left_open = [], None, 0, False

    def __str__(self):
        return ', '.join(f'{p.number} {p.kind.name}' for p in self.ports) + (
            f' ({self.fault})' if self.fault else '')

    @property
    def id(self):
        return f'case-{self.number}-{self.tries}'

    def line(self, ca):
        ports = ','.join(f'{l.port}/{p.mode}' for l, p in zip(self.listeners, self.ports))
        limits = ' '.join(f'{k}={v}' for k, v in self.limits.items())
        return f'{self.id} {self.server} {ca} {ports} {limits}\n'

    # What the client told.

    def check_attempts(self):
        place = {l.port: i for i, l in enumerate(self.listeners)}
        tried = [place[a[0]] for a in self.result['attempts']]
        if tried != self.fate.started:
            raise Wrong(f'tried {self.names(tried)}, expected {self.names(self.fate.started)}')
        for i, (_, tls, fault, _) in zip(tried, self.result['attempts']):
            faults = self.fate.failed.get(i, [''])
            if self.ports[i].kind.row == 'F16': # the port was good, the mail was not
                faults = ['']
            if fault not in faults:
                raise Wrong(f'{self.ports[i].number}: {fault!r}, expected {faults}')
            if tls.lower() != self.ports[i].mode:
                raise Wrong(f'{self.ports[i].number}: by {tls}')

    def names(self, places):
        return [self.ports[i].number for i in places]

    def check_outcome(self):
        blamed, outcome = self.fate.blamed, 'accepted'
        faults = ['']
        if blamed == 'end':
            faults, outcome = self.fault.split(), self.outcome
            if outcome is None:
                outcome = P if self.result['error'] == faults[0] else T
        elif blamed is not None:
            faults, outcome = self.fate.failed[blamed], self.ports[blamed].kind.outcome
            for fault, all_of_it in TOGETHER.items():
                failed = [a[2] for a in self.result['attempts']]
                if len(failed) > 1 and set(failed) == {fault}:
                    faults = [all_of_it]
        if self.result['error'] not in faults or self.result['outcome'] != outcome:
            raise Wrong(f'{self.result["outcome"]} {self.result["error"]!r}, expected {outcome} '
                        f'{faults}')
        if self.result['recipient'] != self.result['outcome']:
            raise Wrong('the recipient has another outcome')
        if bool(self.result['sentence']) != (outcome != 'accepted'):
            raise Wrong('a sentence too many or too few')
        won = self.fate.winner
        if won is not None and self.result['port'] != self.listeners[won].port:
            raise Wrong('another port is said to be the route')
        if self.result['pending']:
            raise Wrong('a mail is left')

    # What the listeners saw.

    def check_connections(self):
        for i, l in enumerate(self.listeners):
            opened = sum(w == '*' and t.startswith('open ') for _, w, _, t in l.fresh_lines())
            deaf = l.kind.name in ('refused', 'stalled')
            if opened != (i in self.fate.started and not deaf):
                raise Wrong(f'{self.ports[i].number} saw {opened} connections')
        # Connections of one sandbox are numbered as they came.
        for a, b in zip(self.fate.started, self.fate.started[1:]):
            one, two = self.listeners[a].fresh_lines(), self.listeners[b].fresh_lines()
            same = {int(l.name[1:]) // LISTENERS_MOST for l in (self.listeners[a],
                                                               self.listeners[b])}
            if one and two and len(same) == 1 and one[0][0] > two[0][0]:
                raise Wrong(f'{self.ports[b].number} came before {self.ports[a].number}')

    def check_words(self):
        signed_in = 0
        for i, l in enumerate(self.listeners):
            hellos, due, begun = collections.Counter(), set(), set()
            for connection, who, state, text in l.fresh_lines():
                words = text.upper().replace('\\R', ' ').replace('\\N', ' ').split()
                word = words[0] if words else ''
                if who == '!' or (who == '*' and text.startswith('clear-')):
                    raise Unsafe(f'{self.ports[i].number}: {text}')
                if who != 'C':
                    continue
                # Where TLS is due its first record may stand in the log as if it were lines.
                if state == 'clear' and (self.ports[i].mode == 'implicit' or connection in due):
                    if connection in begun or text.startswith('\\x16\\x03'):
                        begun.add(connection)
                        if re.search('AUTH |MAIL FROM|RCPT TO|EHLO |password', text):
                            raise Unsafe(f'{self.ports[i].number}: in clear: {text}')
                        continue
                if word == 'STARTTLS':
                    due.add(connection)
                signed_in += word == 'AUTH'
                if state != 'clear' and l.kind.row == 'F11':
                    raise Unsafe(f'{self.ports[i].number}: a word to an impostor: {text}')
                if state == 'clear':
                    hellos[connection] += word == 'EHLO'
                    if word not in ('EHLO', 'STARTTLS', 'QUIT') or hellos[connection] > 1:
                        raise Unsafe(f'{self.ports[i].number}: in clear: {text}')
                if word in ('AUTH', 'MAIL', 'RCPT', 'DATA') and i != self.fate.winner:
                    raise Unsafe(f'{self.ports[i].number} was not to see {word}')
        if signed_in > 1 or (signed_in and self.fate.winner is None):
            raise Unsafe(f'{signed_in} times AUTH')

    def check_mail(self, came):
        names = came.get(f'{self.id}@example.com', [])
        won = self.fate.winner
        wanted = [self.listeners[won].name] if won is not None else []
        if self.fate.blamed is not None and not (self.outcome_is(D) and names == wanted):
            wanted = []
        if names != wanted:
            raise Unsafe(f'the mail came in by {names}, expected {wanted}')

    def outcome_is(self, outcome):
        return self.result['outcome'] == outcome

    def check(self):
        self.check_words()
        self.check_attempts()
        self.check_outcome()
        self.check_connections()


class Runner:
    def __init__(self, driver, field):
        # pylint: disable=consider-using-with
        self.driver = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.driver.stdout.fileno(), False)
        self.field = field
        self.running, self.leaving, self.closing, self.done = {}, [], [], []
        self.unsafe, self.wrong = [], []
        self.half = b''

    def begin(self, waiting, at_once):
        for case in list(waiting):
            busy = len(self.running) + len(self.leaving) + len(self.closing)
            if busy >= at_once:
                break
            listeners = self.field.take(case.ports)
            if listeners is None:
                continue
            waiting.remove(case)
            case.listeners = listeners
            case.tries += 1
            self.running[case.id] = case
            self.driver.stdin.write(case.line(self.field.ca).encode())
        self.driver.stdin.flush()

    def take_results(self):
        select.select([self.driver.stdout], [], [], 0.005)
        data = self.driver.stdout.read()
        if data == b'':
            raise RuntimeError(f'the driver ended: {self.driver.wait()}')
        *lines, self.half = (self.half + (data or b'')).split(b'\n')
        for line in lines:
            result = json.loads(line)
            case = self.running.pop(result['id'])
            case.result = result
            self.leaving.append((case, time.monotonic() + 2))

    def dismiss(self):
        """The losers must be closed by the library, not by the end of its handle."""
        self.field.read_logs()
        for case, end in list(self.leaving):
            won = case.fate.winner
            lost = [l for i, l in enumerate(case.listeners) if i != won]
            case.left_open = not all(l.is_quiet() for l in lost)
            if case.left_open and time.monotonic() < end:
                continue
            self.leaving.remove((case, end))
            self.closing.append((case, time.monotonic() + PATIENCE))
            self.driver.stdin.write(f'end {case.id}\n'.encode())
        self.driver.stdin.flush()

    def settle(self):
        """Judge the cases whose connections are all closed."""
        self.field.read_logs()
        for case, end in list(self.closing):
            late = time.monotonic() > end
            if not late and not all(l.is_quiet() for l in case.listeners):
                continue
            self.closing.remove((case, end))
            try:
                if late or case.left_open:
                    raise Wrong('a connection was left open')
                case.check()
            except Unsafe as e:
                self.unsafe.append((case, e, self.logs(case)))
            except Wrong as e:
                self.wrong.append((case, e, self.logs(case)))
            else:
                self.done.append(case)
            for l in case.listeners:
                l.busy = False

    @staticmethod
    def logs(case):
        return [json.dumps(case.result)] + [
            f'{p.number}: {c} {w} {s} {t}' for p, l in zip(case.ports, case.listeners)
            for c, w, s, t in l.fresh_lines()]

    def run(self, cases, at_once):
        waiting = list(cases)
        while waiting or self.running or self.leaving or self.closing:
            self.begin(waiting, at_once)
            self.take_results()
            self.dismiss()
            self.settle()

    def check_rest(self):
        """The mails are where they belong, each once, and nobody else's came."""
        self.driver.stdin.close()
        if self.driver.wait(timeout=PATIENCE):
            raise RuntimeError('the driver failed')
        self.field.read_logs()
        came = self.field.mails()
        for case in self.done:
            try:
                case.check_mail(came)
            except Unsafe as e:
                self.unsafe.append((case, e, []))
        strays = set(came) - {f'{case.id}@example.com' for case in self.done}
        if strays and not self.unsafe and not self.wrong:
            raise RuntimeError(f'mails of nobody: {strays}')


def port(number, mode, name):
    return Port(number, mode, KINDS[mode][name])


def s587(name):
    return port(587, 'starttls', name)


def i465(name):
    return port(465, 'implicit', name)


def s2525(name):
    return port(2525, 'starttls', name)


def alone():
    """Each failure: first in the list; behind closed ports; and where nobody comes to it."""
    for name in KINDS['starttls']:
        yield s587(name), i465(FINE), s2525(FINE)
        yield s2525(name), s587(FINE), i465(FINE)
        yield s587('refused'), i465('refused'), s2525(name)
        yield s587(FINE), i465('refused'), s2525(name)
    for name in KINDS['implicit']:
        yield i465(name), s587(FINE), s2525(FINE)
        yield s587('refused'), i465(name), s2525(FINE)
        yield s587('refused'), s2525('closed'), i465(name)
        yield s587(FINE), i465(name), s2525(FINE)


def pairs(everything):
    for one in KINDS['starttls'] if everything else STARTTLS_PAIR:
        for two in KINDS['implicit'] if everything else IMPLICIT_PAIR:
            yield s587(one), i465(two), s2525(FINE)


def late():
    """One port makes up its mind when others are under way."""
    for name in [n for n in KINDS['starttls'] if n.startswith('late-')]:
        yield s587(name), i465('stalled'), s2525('silent')
        yield s587(name), i465('stalled'), s2525(FINE)
        yield s587(name), i465('silent'), s2525('stalled')
        yield s2525(name), s587('stalled'), i465('tls-hangs')
    for name in [n for n in KINDS['implicit'] if n.startswith('late-')]:
        yield i465(name), s587('stalled'), s2525('silent')
        yield s587('stalled'), i465(name), s2525('silent')
        yield s587('silent'), s2525('stalled'), i465(name)


def given_up():
    """F1 and F17: what no port is to blame for."""
    for name in ('silent', 'stalled', 'tls-silent'):
        ports = s587(name), i465('stalled'), s2525('silent')
        yield ports, {'limits': {'cancel': 350}, 'fault': 'cancelled', 'outcome': T}
        yield ports, {'limits': {'overall': 350}, 'fault': 'time-limit', 'outcome': T}
    ports = s587(FINE), i465(FINE), s2525(FINE)
    yield ports, {'server': 'nobody.invalid', 'fault': 'name-not-found name-no-answer',
                  'outcome': None} # which of the two, hangs on the machine


def all_cases(everything, word):
    plain = [*alone(), *pairs(everything), *late()]
    cases = [(p, {}) for p in plain] + list(given_up())
    cases = [Case(n, ports, **more) for n, (ports, more) in enumerate(cases)]
    # The long ones first, so that they do not trail behind.
    cases.sort(key=lambda c: -sum(bool(p.kind.waits) for p in c.ports))
    return [c for c in cases if word in str(c)]


def show(title, case, e, log):
    print(f'{title}  {case}: {e}')
    for line in log:
        print('        ' + line)


def main():
    words = [a for a in sys.argv[3:] if a != '--all']
    sys.stdout.reconfigure(errors='backslashreplace')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)) # and leave nothing behind
    began = time.monotonic()
    cases = all_cases('--all' in sys.argv or 'POSTERN_LONG' in os.environ,
                      words[0] if words else '')
    with tempfile.TemporaryDirectory(prefix='postern-routes.') as place:
        field = Field(sys.argv[2], place)
        try:
            runner = Runner(sys.argv[1], field)
            runner.run(cases, AT_ONCE)
            # On a machine that stood still a port is rightly thought silent.  What came out
            # otherwise is done again, with nothing beside it; what was unsafe stays unsafe.
            again, runner.wrong = runner.wrong, []
            for case, e, _ in again:
                print(f'again   {case}: {e}', flush=True)
            runner.run([case for case, _, _ in again], 1)
            runner.check_rest()
        finally:
            field.stop()
    for case, e, log in runner.unsafe:
        show('UNSAFE', case, e, log)
    for case, e, log in runner.wrong:
        show('WRONG', case, e, log)
    failed = len(runner.unsafe) + len(runner.wrong)
    print(f'{len(cases)} cases, {failed} failed, {len(again)} done twice, '
          f'{time.monotonic() - began:.1f} s')
    sys.exit(1 if failed or not cases else 0)


main()
