# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the end-to-end tests share: the sandbox, postern-send, and counting cases.

Each test program is run as: NAME_test.py POSTERN-SEND POSTERN-SANDBOX."""

import base64
import glob
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

SENDER = 'sender@example.org'
MESSAGE = (b'From: sender@example.org\nTo: a@example.com\nSubject: e2e\n'
           b'Date: Tue, 03 Mar 2026 12:00:00 +0000\nMessage-ID: <e2e@example.org>\n\n'
           b'Hello.\n.\n..\nend\n')
MESSAGE_CRLF = MESSAGE.replace(b'\n', b'\r\n')

# The parts that most scripts begin with.
HELLO = 'greet "220 e2e ESMTP\\r\\n"\nexpect "EHLO *"\n'
OFFER = HELLO + 'send "250-e2e\\r\\n250 STARTTLS\\r\\n"\nexpect "STARTTLS"\n'
UP = OFFER + 'send "220 go\\r\\n"\ntls good\n'
TLS_HELLO = UP + 'expect "EHLO *"\n'
EXTENSIONS = '250-PIPELINING\\r\\n250-8BITMIME\\r\\n'
OPEN = TLS_HELLO + f'send "250-e2e\\r\\n{EXTENSIONS}250 SIZE\\r\\n"\n'
SIGNED = (TLS_HELLO + f'send "250-e2e\\r\\n{EXTENSIONS}250 AUTH PLAIN\\r\\n"\n'
          'expect "AUTH PLAIN *"\nsend "235 ok\\r\\n"\n')
ENVELOPE = ('expect "MAIL FROM:*"\nsend "250 ok\\r\\n"\nexpect "RCPT TO:*"\nsend "250 ok\\r\\n"\n'
            'expect "DATA"\n')
CONTENT = ENVELOPE + 'send "354 go\\r\\n"\nexpect-data\n'
BYE = 'maybe "QUIT"\nsend "221 bye\\r\\n"\n'


def expect(condition, *what):
    if not condition:
        raise AssertionError('\n'.join(str(w) for w in what))


def equal(got, wanted, what, *more):
    expect(got == wanted, f'{what}: {got!r}, expected {wanted!r}', *more)


class Result:
    """What one run of postern-send gave."""

    def __init__(self, status, out, err, seconds):
        self.status, self.seconds, self.out, self.err = status, seconds, out, err
        self.json = json.loads(out) if out.lstrip().startswith('{') else {}

    outcome = property(lambda self: self.json.get('outcome'))
    route = property(lambda self: self.json.get('route') or {})
    error_id = property(lambda self: (self.json.get('error') or {}).get('id', ''))
    error = property(lambda self: (self.json.get('error') or {}).get('text', ''))
    advice = property(lambda self: (self.json.get('error') or {}).get('advice', ''))
    attempts = property(lambda self: self.json.get('attempts') or [])
    recipients = property(lambda self: self.json.get('recipients') or [])

    def __str__(self):
        return f'exit {self.status} after {self.seconds:.2f} s\n{self.out}{self.err}'


class Sandbox:
    """One run of the sandbox.  A listener is (NAME, MODE, OPTIONS, SCRIPT or None)."""

    def __init__(self, program, *listeners, options=()):
        self.place = tempfile.TemporaryDirectory(prefix='postern-e2e.')
        self.here = self.place.name
        self.log_file = os.path.join(self.here, 'log')
        ready = os.path.join(self.here, 'ready')
        command = [program, '--dir', os.path.join(self.here, 'state'), '--log', self.log_file,
                   '--ready-file', ready, '--time', '120']
        for name, mode, *_ in listeners:
            command += ['--listen', f'{name}=127.0.0.1:0/{mode}']
        command += options
        for name, _, own, script in listeners:
            command += ['--on', name, *own]
            if script is not None:
                file = os.path.join(self.here, f'{name}.script')
                with open(file, 'w', encoding='utf-8') as f:
                    f.write(script)
                command += ['--script', file]
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + 30
        while not os.path.exists(ready) and time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode())
            time.sleep(0.005)
        with open(ready, encoding='utf-8') as f:
            self.values = dict(line.rstrip('\n').replace("'", '').split('=', 1) for line in f)
        self.modes = {name: mode for name, mode, *_ in listeners}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.place.cleanup()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=60)

    def port(self, name):
        return int(self.values[f'PORT_{name}'])

    def ports(self, *names):
        return ','.join(f'{self.port(n)}/{self.modes[n]}' for n in names)

    def log(self, name=None):
        """The lines of one listener, or all: 'TIME ID NAME WHO MODE TURN WHAT'."""
        with open(self.log_file, encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
        return [line for line in lines if name is None or line.split(' ', 3)[2:3] == [name]]

    def said(self, name, who='C'):
        """What the client (or the server, S, or the sandbox, *) said to this listener."""
        parts = [line.split(' ', 6) for line in self.log(name)]
        return [p[6] for p in parts if len(p) > 6 and p[3] == who]

    def opened(self, name):
        """How many connections came."""
        return sum(w.startswith('open ') for w in self.said(name, '*'))

    def violations(self):
        return [line for line in self.log() if 'violation' in line]

    def messages(self):
        files = glob.glob(os.path.join(self.here, 'state/Maildir/new/*'))
        return [open(f, 'rb').read() for f in sorted(files)]

    def wait(self, name, text, seconds=20):
        """Until this listener's log holds the text."""
        end = time.monotonic() + seconds
        while not any(text in line for line in self.log(name)):
            expect(time.monotonic() < end, f'{name}: no {text!r} in', *self.log(name))
            time.sleep(0.01)

    def quiet(self, name):
        """Until all of this listener's connections are closed."""
        end = time.monotonic() + 20
        while True:
            said = self.said(name, '*')
            if sum(w.startswith('open ') for w in said) == sum(w.startswith('close ')
                                                               for w in said):
                return
            expect(time.monotonic() < end, f'{name}: still open', *self.log(name))
            time.sleep(0.01)


def der(octets):
    """The elements of one level of DER: (tag, the whole element, its content)."""
    found = []
    while octets:
        n, head = octets[1], 2
        if n & 0x80:
            head += n & 0x7f
            n = int.from_bytes(octets[2:head], 'big')
        found.append((octets[0], octets[:head + n], octets[head:head + n]))
        octets = octets[head + n:]
    return found


def pin_of(box, name):
    """The pin of the key that an implicit port shows."""
    pem = ssl.get_server_certificate(('127.0.0.1', box.port(name)))
    (_, _, body), = der(ssl.PEM_cert_to_DER_cert(pem))
    parts = [whole for tag, whole, _ in der(der(body)[0][2]) if tag != 0xa0]
    digest = hashlib.sha256(parts[5]).digest() # behind serial, algorithm, issuer, validity, subject
    return 'sha256:' + base64.b64encode(digest).decode()


class Cases:
    """Runs cases, goes on after a failure, and says a line for each."""

    def __init__(self):
        self.passed = self.failed = 0
        self.send_program, self.sandbox_program = map(os.path.abspath, sys.argv[1:3])
        self.only = sys.argv[3] if len(sys.argv) > 3 else ''

    def sandbox(self, *listeners, options=()):
        return Sandbox(self.sandbox_program, *listeners, options=options)

    def start(self, ports, ca, message=MESSAGE, user=None, password='password', server='localhost',
              to=('a@example.com',), sender=SENDER, options=(), timeout=30):
        command = [self.send_program, '--json', '--server', f'smtp://{server}', '--ports', ports,
                   '--cafile', ca, '--timeout', str(timeout), '-f', sender, *options]
        env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C', 'HOME': '/nonexistent'}
        env.update((k, v) for k, v in os.environ.items() if k.endswith('SAN_OPTIONS'))
        place = tempfile.TemporaryDirectory(prefix='postern-e2e.')
        with open(os.path.join(place.name, 'message'), 'wb') as f:
            f.write(message)
        command += ['--message', f.name]
        if user is not None:
            with open(os.path.join(place.name, 'password'), 'w', encoding='utf-8') as f:
                f.write(password + '\n')
            command += ['--user', user, '--password-file', f.name]
        began = time.monotonic()
        process = subprocess.Popen(command + list(to), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)

        def end():
            with place:
                out, err = process.communicate(timeout=60)
                return Result(process.returncode, out.decode(errors='replace'),
                              err.decode(errors='replace'), time.monotonic() - began)
        return end

    def send(self, *args, **kwargs):
        return self.start(*args, **kwargs)()

    def run(self, name, function, *args, **kwargs):
        if self.only not in name:
            return
        began = time.monotonic()
        try:
            function(*args, **kwargs)
        except Exception as e: # a case that breaks must not hide the next one
            self.failed += 1
            print(f'FAILED  {name}')
            text = str(e) if isinstance(e, AssertionError) else traceback.format_exc()
            print('        ' + text.strip().replace('\n', '\n        '), flush=True)
        else:
            self.passed += 1
            print(f'ok      {name} ({time.monotonic() - began:.2f} s)', flush=True)


def failed(result, status, outcome, *ids):
    """It did not get out, for this reason, in words for people too."""
    equal(result.status, status, 'exit', result)
    equal(result.outcome, outcome, 'outcome', result)
    if ids:
        expect(result.error_id in ids, f'id {result.error_id!r}, expected {ids}', result)
    expect(result.error, 'no sentence', result)


def accepted(result):
    equal(result.status, 0, 'exit', result)
    equal(result.outcome, 'accepted', 'outcome', result)


def nothing_said(box, name, *words):
    """No command of these was sent there."""
    for line in box.said(name):
        for word in words:
            expect(not line.upper().startswith(word), f'{name} got {line}', *box.log(name))


def main(tests):
    sys.stdout.reconfigure(errors='backslashreplace')
    cases = Cases()
    tests(cases)
    print(f'{cases.passed} passed, {cases.failed} failed')
    sys.exit(1 if cases.failed or not cases.passed else 0)
