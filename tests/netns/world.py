# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client's host and a server's host, joined by a line: two network namespaces, so that the ports
are the real ones and packets can vanish on the way.

Packets vanish by policy routing: what comes in for a port meets a rule of the server's namespace
that throws it away, before it is looked up whose address it is.  That needs only iproute2, and the
client sees what it sees behind a packet filter that drops: nothing."""

import atexit
import glob
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'e2e'))
import e2e # pylint: disable=wrong-import-position

HOST = 'mail.sandbox.test' # a name in the sandbox's certificate
DEVICE = 'line'
ADDRESSES = {4: ('10.77.0.1', '10.77.0.2'), 6: ('fd00:77::1', 'fd00:77::2')}
NET = {4: '24', 6: '64'}
PORTS = ((587, 'starttls'), (465, 'implicit'), (2525, 'starttls'))

SETTLE = '''
import socket, sys, time
end = time.monotonic() + 20
for address in sys.argv[1:]:
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as s:
            s.settimeout(0.2)
            try:
                s.connect((address, 9))
            except ConnectionRefusedError:
                break
            except OSError:
                pass
            else:
                break
    else:
        sys.exit("no packet passed")
'''


class Impossible(Exception):
    """Something the kernel, or this account, does not give."""


def ip(*args):
    done = subprocess.run(['ip', *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Impossible(f'ip {" ".join(args)}: {done.stderr.strip()}')
    return done.stdout


def remove(namespace):
    subprocess.run(['ip', 'netns', 'del', namespace], capture_output=True, check=False)
    shutil.rmtree(f'/etc/netns/{namespace}', ignore_errors=True)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def sweep():
    """What a run that was killed has left: the names tell which process made them."""
    for path in glob.glob('/run/netns/postern-*') + glob.glob('/etc/netns/postern-*'):
        match = re.fullmatch(r'postern-(\d+)-\d+-[cs]', os.path.basename(path))
        if match and not alive(int(match[1])):
            remove(os.path.basename(path))


def check():
    """Raises Impossible, with the reason, where namespaces cannot be made."""
    if os.geteuid():
        raise Impossible('network namespaces need root')
    if not shutil.which('ip'):
        raise Impossible('there is no ip program (iproute2)')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sweep()
    with World(None):
        pass


def slow_line():
    """Whether a line with a delay can be made."""
    try:
        with World(None, delay=2):
            return True
    except Impossible:
        return False


class World:
    """The two hosts, and unless sandbox is None a sandbox on the server's.  families: those that
    the host's name has addresses of.  delay: round-trip time of the line in ms; 0 is a pair of
    veth devices."""
    numbers = itertools.count(1)

    def __init__(self, sandbox, *options, families=(4, 6), delay=0, ports=PORTS):
        self.base = f'postern-{os.getpid()}-{next(World.numbers)}'
        self.client, self.server = self.base + '-c', self.base + '-s'
        self.relay = self.box = None
        atexit.register(self.close)
        try:
            for namespace in (self.client, self.server):
                ip('netns', 'add', namespace)
                ip('-n', namespace, 'link', 'set', 'lo', 'up')
            self._join(delay)
            self._address()
            self._rules_first()
            self._names(families)
            self._settle()
            if sandbox:
                self.box = Box(sandbox, self, options, ports)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        atexit.unregister(self.close)
        if self.box:
            self.box.stop()
            self.box.place.cleanup()
        if self.relay:
            self.relay.communicate()
        self.box = self.relay = None
        for namespace in (self.client, self.server):
            remove(namespace)

    def _join(self, delay):
        if not delay:
            ip('-n', self.client, 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE,
               'netns', self.server)
            return
        # pylint: disable=consider-using-with
        self.relay = subprocess.Popen(
            [sys.executable, os.path.join(HERE, 'relay.py'), self.client, self.server, DEVICE,
             str(delay / 2)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.relay.stdout.readline() != 'ready\n':
            raise Impossible('no tun devices')

    def _address(self):
        for side, namespace in enumerate((self.client, self.server)):
            for family, addresses in ADDRESSES.items():
                ip('-n', namespace, 'addr', 'add', f'{addresses[side]}/{NET[family]}', 'dev',
                   DEVICE, *(['nodad'] if family == 6 else []))
            ip('-n', namespace, 'link', 'set', DEVICE, 'up')
        # Without these an unreachable rule is a dropping one, or becomes one.
        for setting, value in ((f'ipv4/conf/{DEVICE}/forwarding', 1), ('ipv4/icmp_ratelimit', 0),
                               ('ipv6/icmp/ratelimit', 0)):
            self.inside(self.server, 'sh', '-c', f'echo {value} >/proc/sys/net/{setting}')

    def _rules_first(self):
        """The table of own addresses comes before all rules; put it behind ours."""
        for namespace in (self.client, self.server):
            for family in ADDRESSES:
                ip('-n', namespace, f'-{family}', 'rule', 'add', 'pref', '1000', 'lookup', 'local')
                ip('-n', namespace, f'-{family}', 'rule', 'del', 'pref', '0')

    def _names(self, families):
        os.makedirs(f'/etc/netns/{self.client}')
        with open(f'/etc/netns/{self.client}/hosts', 'w', encoding='ascii') as f:
            f.write('127.0.0.1 localhost\n')
            for family in sorted(families, reverse=True):
                f.write(f'{ADDRESSES[family][1]} {HOST}\n')
        with open(f'/etc/netns/{self.client}/resolv.conf', 'w', encoding='ascii') as f:
            f.write('nameserver 127.0.0.1\n') # refuses at once: nobody is asked outside

    def _settle(self):
        """A fresh line may lose its first packets: wait until the other end refuses."""
        self.inside(self.client, sys.executable, '-c', SETTLE, *(a[1] for a in ADDRESSES.values()))

    def inside(self, namespace, *command):
        done = subprocess.run(['ip', 'netns', 'exec', namespace, *command], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise Impossible(f'{" ".join(command)}: {done.stderr.strip()}')

    def rule(self, action, *ports, families=(4, 6), add=True, here=False):
        """action: drop or unreachable, on the server's side; with here, prohibit and others on the
        client's own: its kernel refuses.  No port: all TCP of the family."""
        kind = 'blackhole' if action == 'drop' else action
        side = ['-n', self.client] if here else ['-n', self.server]
        way = [] if here else ['iif', DEVICE]
        for family in families:
            for port in ports or [None]:
                what = ['dport', str(port)] if port else []
                ip(*side, f'-{family}', 'rule', 'add' if add else 'del', 'pref', '100', *way,
                   'ipproto', 'tcp', *what, kind)

    def drop(self, *ports, families=(4, 6)):
        self.rule('drop', *ports, families=families)

    def undrop(self, *ports, families=(4, 6)):
        self.rule('drop', *ports, families=families, add=False)

    def command(self, *command):
        """To be run on the client's host."""
        return ['ip', 'netns', 'exec', self.client, *map(str, command)]

    @property
    def ca(self):
        return self.box.values['CA']


class Box(e2e.Sandbox):
    """The sandbox on the server's host, on the real ports."""

    def __init__(self, program, world, options, ports): # pylint: disable=super-init-not-called
        # pylint: disable=consider-using-with
        self.place = tempfile.TemporaryDirectory(prefix='postern-netns.')
        self.here = self.place.name
        self.log_file = os.path.join(self.here, 'log')
        self.modes = {str(port): mode for port, mode in ports}
        ready = os.path.join(self.here, 'ready')
        command = ['ip', 'netns', 'exec', world.server, program, '--judge', '--time', '300',
                   '--dir', os.path.join(self.here, 'state'), '--log', self.log_file,
                   '--ready-file', ready]
        for addresses in ADDRESSES.values():
            command += ['--address', addresses[1]]
        for port, mode in ports:
            command += ['--listen', f'{port}={port}/{mode}']
        # `ip netns exec` becomes the program, so the process is the sandbox itself.
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        end = time.monotonic() + 30
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.process.stderr.read().decode())
            time.sleep(0.005)
        with open(ready, encoding='utf-8') as f:
            self.values = dict(line.rstrip('\n').replace("'", '').split('=', 1) for line in f)
