# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real mail servers for the live tests, each in a temporary directory on free loopback ports.

with place() as here:
    mx = Postfix(here)            # with Dovecot for SASL
    ...
mx.ports['starttls'], mx.mailbox('alice') and so on.  Leaving the block stops the servers and
removes the directory, also after a failure, a signal or a time-out of the test runner.
"""

import base64
import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings

SKIP = 77
UNPACKED = os.environ.get('POSTERN_SERVERS') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', '..', 'build-servers')

DOMAIN = 'example.org'
# Whatever a person, a password manager or a hosting panel may come up with.
USERS = {
    'alice': 'correct horse battery staple',
    'bob@example.org': 'quo"ted\\and\'more\'"',
    'jürgen': 'pä ss€ wörd',
    'emoji': 'open \U0001f511 sesame',
    'o=o,o': ' leading, =2C=3D and trailing ',
    'percent': '%41%00 @:/?#&+ 100%',
    'colon': 'a:b::c{PLAIN}$1$',
}


TOKEN_KEY = b'what signs the tokens of the tests'
TOKEN_ISSUER = 'https://issuer.example'


MAILBOXES = ('alice', 'bob', 'carol', 'sender', 'jürgen')
DRIVEN = 'a@example.com'  # whom the driver of tests/e2e writes to


class Unavailable(Exception):
    """The server cannot run on this machine; the text says why."""


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f'{what}: not within {seconds} s')
        time.sleep(0.02)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
        return True
    return False


def write(path, text, mode=0o644):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def die_with_parent():
    """Runs in the child: end it when the test ends, however it ends (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Place:
    """A temporary directory, and the processes that live in it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='postern-live-', dir='/tmp')
        os.chmod(self.path, 0o755)  # the servers' own accounts must reach it
        self.running = []
        self.ca = None
        self.root = None

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def directory(self, name, mode=0o755, owner=None, group=None):
        path = self / name
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if owner or group:
            shutil.chown(path, owner, group)
        return path

    def start(self, command, env=None, **kwargs):
        out = open(self / 'output', 'ab')
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                             env={**os.environ, **(env or {})}, preexec_fn=die_with_parent,
                             start_new_session=True, **kwargs)
        out.close()
        self.running.append(p)
        return p

    def servers(self):
        """The unpacked servers, copied here: their accounts may not enter the source tree."""
        if self.root is None:
            self.root = self / 'root'
            shutil.copytree(unpacked('usr'), os.path.join(self.root, 'usr'), symlinks=True)
        return self.root

    def close(self):
        for p in self.running:
            p.terminate()
        for p in self.running:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                pass
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
            p.wait()
        if os.environ.get('POSTERN_KEEP'):
            print(f'kept: {self.path}')
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def logs(self, lines=15):
        """The last lines of every log here, to explain a failure."""
        for path in sorted(glob.glob(self / '*log') + glob.glob(self / 'output')):
            with open(path, errors='replace') as f:
                tail = f.readlines()[-lines:]
            if tail:
                print(f'--- {os.path.basename(path)}')
                print(''.join(tail), end='')


@contextlib.contextmanager
def place():
    def stop(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    here = Place()
    try:
        yield here
    finally:
        here.close()


def run(*command, **kwargs):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **kwargs)
    if done.returncode:
        raise RuntimeError(f'{command[0]}: {done.stdout.decode(errors="replace")}')


class Authority:
    """A certificate authority, and certificates signed by it, for one test run."""

    def __init__(self, here, name='ca'):
        self.here, self.name = here, name
        self.key, self.pem = here / f'{name}.key', here / f'{name}.pem'
        template = write(here / f'{name}.cfg', f'cn = "Postern test {name}"\nca\ncert_signing_key\n'
                         'expiration_days = 30\n')
        run('certtool', '--generate-privkey', '--key-type=ecdsa', '--outfile', self.key)
        run('certtool', '--generate-self-signed', '--load-privkey', self.key,
            '--template', template, '--outfile', self.pem)

    def certificate(self, host='localhost'):
        """Gives (certificate, key) for host."""
        base = self.here / f'{self.name}-{host}'
        template = write(base + '.cfg', f'cn = "{host}"\ndns_name = "{host}"\ntls_www_server\n'
                         'signing_key\nexpiration_days = 30\n')
        run('certtool', '--generate-privkey', '--key-type=ecdsa', '--outfile', base + '.key')
        run('certtool', '--generate-certificate', '--load-privkey', base + '.key',
            '--load-ca-certificate', self.pem, '--load-ca-privkey', self.key,
            '--template', template, '--outfile', base + '.pem')
        return base + '.pem', base + '.key'

    def personal(self, user, address):
        """Gives (certificate, key) of a client, the same each time."""
        base = self.here / f'{self.name}-of-{user}'
        if os.path.exists(base + '.pem'):
            return base + '.pem', base + '.key'
        template = write(base + '.cfg', f'cn = "{user}"\nemail = "{address}"\ntls_www_client\n'
                         'signing_key\nexpiration_days = 30\n')
        run('certtool', '--generate-privkey', '--key-type=ecdsa', '--outfile', base + '.key')
        run('certtool', '--generate-certificate', '--load-privkey', base + '.key',
            '--load-ca-certificate', self.pem, '--load-ca-privkey', self.key,
            '--template', template, '--outfile', base + '.pem')
        return base + '.pem', base + '.key'


def authority(here):
    """The one authority of this place."""
    if here.ca is None:
        here.ca = Authority(here)
    return here.ca


def unpacked(*paths):
    if not os.path.exists(os.path.join(UNPACKED, 'complete')):
        raise Unavailable('the servers are not unpacked; tests/run.sh does that '
                          '(sh tests/live/fetch.sh build-servers)')
    return os.path.join(UNPACKED, *paths)


def need_root():
    if os.geteuid() != 0:
        raise Unavailable('the server needs root, to change to the accounts that it runs as')


class Mailboxes:
    """Maildirs below one directory."""

    def __init__(self, here, name, owner):
        self.path = here.directory(name, 0o770, owner, None)

    def files(self, user):
        return sorted(glob.glob(os.path.join(self.path, user, 'new', '*')))

    def take(self, user, count=1, seconds=30):
        """Wait for count messages, give their octets, and empty the mailbox."""
        wait_for(f'{count} message(s) for {user}', lambda: len(self.files(user)) >= count, seconds)
        messages = []
        for path in self.files(user):
            with open(path, 'rb') as f:
                messages.append(f.read())
            os.unlink(path)
        return messages


class Dovecot:
    """Dovecot's authentication service alone, on a socket for Postfix."""

    def __init__(self, here):
        need_root()
        root = here.servers()
        lib = os.path.join(root, 'usr/lib/dovecot')
        path = f'{lib}:{lib}/modules/old-stats'
        version = subprocess.run([f'{root}/usr/sbin/dovecot', '--version'], stdout=subprocess.PIPE,
                                 env={'LD_LIBRARY_PATH': path}).stdout.decode()
        if not version.startswith('2.3.'):
            raise Unavailable(f'these tests know how to configure Dovecot 2.3, not {version[:3]}')
        self.socket, self.log = here / 'auth', here / 'dovecot.log'
        conf = here / 'dovecot.conf'
        # PLAIN.b64, because a colon ends a field in this file.
        write(here / 'dovecot.users', ''.join(
            f'{user}:{{PLAIN.b64}}{base64.b64encode(password.encode()).decode()}\n'
            for user, password in USERS.items()))
        # Tokens are judged by their signature alone (RFC 7519), with this key.
        keys = here.directory('dovecot-keys/default/HS256')
        write(f'{keys}/default', base64.b64encode(TOKEN_KEY).decode())
        write(here / 'dovecot.oauth2', f'''
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={here / 'dovecot-keys'}/
username_attribute = sub
issuers = {TOKEN_ISSUER}
''')
        # The accounts are ones that every Debian has, so that none is added to the machine.
        write(conf, f'''
base_dir = {here.directory('dovecot-run')}
state_dir = {here.directory('dovecot-state')}
log_path = {here / 'dovecot.log'}
libexec_dir = {lib}
import_environment = LD_LIBRARY_PATH={path}
default_internal_user = mail
default_internal_group = mail
default_login_user = nobody
protocols =
ssl = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_username_chars =
auth_verbose = yes
auth_debug = yes
auth_debug_passwords = yes
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {here / 'dovecot.oauth2'}
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = {here / 'dovecot.users'}
}}
service auth {{
  unix_listener {self.socket} {{
    mode = 0666
  }}
}}
# Without its penalty, so that many wrong passwords from one address are all answered at once.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service config {{
  executable = config -c {conf}
}}
''')
        # By way of doveconf, because the program itself looks for it in /usr/bin only.
        here.start([f'{root}/usr/bin/doveconf', '-c', conf, '-e', f'{root}/usr/sbin/dovecot', '-F'],
                   env={'LD_LIBRARY_PATH': path})
        wait_for('Dovecot', lambda: os.path.exists(self.socket))

    def responses(self, mechanism):
        """What clients sent as the initial response of this mechanism, as octets."""
        with open(self.log, errors='replace') as f:
            return [base64.b64decode(line.split('\tresp=')[1].split()[0]) for line in f
                    if 'client in: AUTH' in line and f'\t{mechanism}\t' in line
                    and '\tresp=' in line]


class Postfix:
    """Postfix with Dovecot's SASL.  Ports: starttls, implicit, alternate (STARTTLS), plain (no TLS
    at all, AUTH offered), wrongname (implicit TLS, a certificate for another host); nochunking,
    nopipelining, neither (STARTTLS, without these capabilities); certified (no AUTH: relays for the
    client certificate of alice).  What goes over starttls may have 30 MB, elsewhere 100."""

    FRONT = (b'Return-Path', b'X-Original-To', b'Delivered-To', b'Received')
    MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256')
    OWNER, GROUP = 'mail', 'games'  # accounts that every Debian has; Postfix wants two that differ

    def __init__(self, here, mailboxes=MAILBOXES):
        need_root()
        self.here = here
        self.root = here.servers()
        self.auth = Dovecot(here)
        self.boxes = Mailboxes(here, 'mail', 'nobody')
        self.log = here / 'postfix.log'
        self.queue = here.directory('queue')
        self.config = here.directory('postfix')
        self.mailboxes = mailboxes
        self.make_queue()
        for _ in range(3):  # another program may take a port between our look and Postfix's bind
            if self.launch():
                return
        raise RuntimeError('Postfix did not start')

    def make_queue(self):
        for name in ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold',
                     'incoming', 'private', 'saved', 'trace'):
            self.here.directory(f'queue/{name}', 0o700, self.OWNER)
        self.here.directory('queue/maildrop', 0o730, self.OWNER, self.GROUP)
        self.here.directory('queue/public', 0o710, self.OWNER, self.GROUP)
        self.here.directory('queue/pid')
        self.here.directory('data', 0o700, self.OWNER)

    def launch(self):
        names = ('starttls', 'implicit', 'alternate', 'plain', 'wrongname', 'nochunking',
                 'nopipelining', 'neither', 'certified')
        self.ports = {name: free_port() for name in names}
        self.write_main()
        self.write_master()
        master = self.here.start([f'{self.root}/usr/lib/postfix/sbin/master', '-c', self.config],
                                 env={'LD_LIBRARY_PATH': f'{self.root}/usr/lib/postfix',
                                      'MAIL_CONFIG': self.config})
        try:
            wait_for('Postfix', lambda: master.poll() is not None or
                     all(answers(port) for port in self.ports.values()))
        except RuntimeError:
            master.terminate()
        return master.poll() is None

    def write_main(self):
        certificate, key = authority(self.here).certificate()
        lib = f'{self.root}/usr/lib/postfix'
        boxes = write(f'{self.config}/mailboxes', ''.join(
            f'{name}@{DOMAIN} {name}/\n' for name in self.mailboxes) + f'{DRIVEN} a/\n')
        senders = write(f'{self.config}/senders', f'forbidden@{DOMAIN} 550 5.7.1 not your address\n')
        recipients = write(f'{self.config}/recipients',
                           f'later@{DOMAIN} 450 4.2.0 greylisted, try later\n'
                           f'full@{DOMAIN} 452 4.2.2 mailbox full\n'
                           f'forbidden@{DOMAIN} 550 5.7.1 not for you\n')
        write(f'{self.config}/main.cf', f'''
compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {self.here / 'data'}
daemon_directory = {lib}/sbin
command_directory = {self.root}/usr/sbin
shlib_directory = {lib}
meta_directory = {self.config}
import_environment = MAIL_CONFIG={self.config} LD_LIBRARY_PATH={lib}
maillog_file = {self.log}
maillog_file_prefixes = {self.here.path}
mail_owner = {self.OWNER}
setgid_group = {self.GROUP}
myhostname = mx.{DOMAIN}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
local_header_rewrite_clients =
virtual_mailbox_domains = {DOMAIN} example.com
virtual_mailbox_base = {self.boxes.path}
virtual_mailbox_maps = texthash:{boxes}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
message_size_limit = 100000000
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {self.auth.socket}
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_loglevel = 1
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sender_restrictions = check_sender_access texthash:{senders}
smtpd_recipient_restrictions = check_recipient_access texthash:{recipients}
smtpd_error_sleep_time = 0
smtpd_client_auth_rate_limit = 0
smtpd_tls_fingerprint_digest = sha256
relay_clientcerts = texthash:{self.clients()}
''')

    def clients(self):
        """The certificates of clients that need no AUTH, by their fingerprints."""
        certificate, _ = authority(self.here).personal('alice', f'alice@{DOMAIN}')
        said = subprocess.run(['certtool', '--fingerprint', '--hash', 'sha256', '--infile',
                               certificate], stdout=subprocess.PIPE, check=True).stdout
        digits = said.decode().split('=')[-1].strip().replace(':', '').upper()
        pairs = ':'.join(digits[i:i + 2] for i in range(0, len(digits), 2))
        return write(f'{self.config}/clients', f'{pairs} alice\n')

    def write_master(self):
        wrongname, key = authority(self.here).certificate('elsewhere.example')
        options = {
            # On this port, not 20 errors but 1000 before it hangs up.
            'starttls': '-o smtpd_hard_error_limit=1000 -o message_size_limit=30000000',
            # Here the log tells of TLS sessions that were resumed.
            'alternate': '-o smtpd_tls_loglevel=2',
            'nochunking': '-o smtpd_discard_ehlo_keywords=chunking',
            'nopipelining': '-o smtpd_discard_ehlo_keywords=pipelining',
            'neither': '-o smtpd_discard_ehlo_keywords=chunking,pipelining',
            'certified': '-o smtpd_sasl_auth_enable=no -o smtpd_tls_ask_ccert=yes '
                         '-o smtpd_client_restrictions=permit_tls_clientcerts,reject '
                         '-o smtpd_relay_restrictions=permit_tls_clientcerts,reject',
            'implicit': '-o smtpd_tls_wrappermode=yes',
            'plain': '-o smtpd_tls_security_level=none',
            'wrongname': '-o smtpd_tls_wrappermode=yes '
                         f'-o smtpd_tls_cert_file={wrongname} -o smtpd_tls_key_file={key}',
        }
        lines = [f'127.0.0.1:{port} inet n - n - - smtpd -o syslog_name={name} {options[name]}'
                 for name, port in self.ports.items()]
        for name, kind, wakeup, limit, command in (
                ('cleanup', 'unix', '-', '0', 'cleanup'), ('qmgr', 'unix', '5', '1', 'qmgr'),
                ('tlsmgr', 'unix', '-', '1', 'tlsmgr'), ('anvil', 'unix', '-', '1', 'anvil'),
                ('rewrite', 'unix', '-', '-', 'trivial-rewrite'), ('error', 'unix', '-', '-', 'error'),
                ('bounce', 'unix', '-', '0', 'bounce'), ('defer', 'unix', '-', '0', 'bounce'),
                ('trace', 'unix', '-', '0', 'bounce'), ('retry', 'unix', '-', '-', 'error'),
                ('flush', 'unix', '-', '0', 'flush'), ('proxymap', 'unix', '-', '-', 'proxymap'),
                ('virtual', 'unix', '-', '-', 'virtual'),
                ('postlog', 'unix-dgram', '-', '1', 'postlogd')):
            private = 'n' if name in ('cleanup', 'qmgr', 'flush', 'postlog') else '-'
            unprivileged = 'n' if name == 'virtual' else '-'
            lines.append(f'{name} {kind} {private} {unprivileged} n {wakeup} {limit} {command}')
        write(f'{self.config}/master.cf', '\n'.join(lines) + '\n')

    def log_lines(self, word):
        with open(self.log, errors='replace') as f:
            return [line for line in f if word in line]

    def queued(self):
        """How many mails wait for their delivery."""
        return sum(len(files) for name in ('incoming', 'active', 'deferred', 'maildrop')
                   for _, _, files in os.walk(os.path.join(self.queue, name)))

    def settled(self):
        wait_for('the empty queue', lambda: self.queued() == 0, 60)


class Exim:
    """Exim: starttls, implicit and alternate ports; PLAIN, LOGIN and CRAM-MD5, and SCRAM where it
    is given a Dovecot to ask; Maildirs.  The ports nochunking, nopipelining and neither lack these
    capabilities; on certified, a client certificate may sign in with EXTERNAL.  held: mails stay
    in the spool.  Over large 100 MB may go, elsewhere 30; limited takes 100 mails a connection.
    The whole of it runs as one unprivileged account."""

    FRONT = (b'Return-path', b'Envelope-to', b'Delivery-date', b'Received')
    MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5')
    OWNER = 'nobody'

    def __init__(self, here, mailboxes=MAILBOXES, dovecot=None, held=False):
        need_root()
        self.here = here
        self.root = here.servers()
        self.dovecot, self.held = dovecot, held
        self.boxes = Mailboxes(here, 'exim-mail', self.OWNER)
        here.directory('exim', 0o755, self.OWNER)
        self.log = here / 'exim/mainlog'
        for _ in range(3):
            if self.launch(mailboxes):
                return
        raise RuntimeError('Exim did not start')

    def environment(self):
        """Debian's Exim looks up its account before it reads a configuration: lend it one."""
        wrapper = glob.glob(f'{self.root}/usr/lib/*/libnss_wrapper.so')
        if not wrapper:
            raise Unavailable('libnss-wrapper is not unpacked')
        with open('/etc/passwd') as f:
            users = write(self.here / 'passwd',
                          f.read() + 'Debian-exim:x:65534:65534::/:/bin/false\n')
        with open('/etc/group') as f:
            groups = write(self.here / 'group', f.read() + 'Debian-exim:x:65534:\n')
        return {'LD_PRELOAD': wrapper[0], 'NSS_WRAPPER_PASSWD': users, 'NSS_WRAPPER_GROUP': groups}

    def launch(self, mailboxes):
        self.ports = {name: free_port() for name in (
            'starttls', 'implicit', 'alternate', 'nochunking', 'nopipelining', 'neither',
            'certified', 'large', 'limited')}
        conf = self.write_conf(mailboxes)
        daemon = self.here.start([f'{self.root}/usr/sbin/exim4', '-C', conf, '-bdf'],
                                 env=self.environment(), user=self.OWNER, group='nogroup',
                                 extra_groups=[])
        try:
            wait_for('Exim', lambda: daemon.poll() is not None or
                     all(answers(port) for port in self.ports.values()))
        except RuntimeError:
            daemon.terminate()
        return daemon.poll() is None

    def write_conf(self, mailboxes):
        certificate, key = authority(self.here).certificate()
        shutil.chown(key, self.OWNER)

        def b64(text):
            return base64.b64encode(text.encode()).decode()

        users = write(self.here / 'exim.users', ''.join(
            f'{b64(user)}: {b64(password)}\n' for user, password in USERS.items()))

        def on(*names, yes='*', no=''):
            """An expansion: yes for what comes in on one of these ports."""
            ports = ':'.join(str(self.ports[name]) for name in names)
            return f'${{if inlist{{$received_port}}{{{ports}}}{{{yes}}}{{{no}}}}}'

        def good(user, password):
            # Compared in base64, so that no character means anything to the expansion.
            return (f'${{if eq{{${{base64:{password}}}}}'
                    f'{{${{lookup{{${{base64:{user}}}}}lsearch{{{users}}}{{$value}}{{!}}}}}}}}')

        return write(self.here / 'exim.conf', rf'''
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
exim_path = {self.root}/usr/sbin/exim4
deliver_drop_privilege
primary_hostname = mx.{DOMAIN}
spool_directory = {self.here / 'exim'}
log_file_path = {self.here / 'exim'}/%slog
pid_file_path = {self.here / 'exim'}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {' : '.join(str(port) for port in self.ports.values())}
tls_on_connect_ports = {self.ports['implicit']}
disable_ipv6
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
tls_verify_certificates = {authority(self.here).pem}
tls_try_verify_hosts = {on('certified')}
tls_resumption_hosts = *
log_selector = +tls_resumption +incoming_port
chunking_advertise_hosts = {on('nochunking', 'neither', yes='', no='*')}
pipelining_advertise_hosts = {on('nopipelining', 'neither', yes='', no='*')}
dsn_advertise_hosts = *
queue_only = {'true' if self.held else 'false'}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
domainlist local_domains = {DOMAIN} : example.com
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
message_size_limit = {on('large', yes='100M', no='30M')}
smtp_accept_max = 0
smtp_accept_max_per_connection = {on('limited', yes='100', no='0')}
smtp_accept_queue_per_connection = 0
rfc1413_query_timeout = 0s
host_lookup =
accept_8bitmime = true

begin acl
check_mail:
  require encrypted = *
          message = no encryption
  require authenticated = *
          message = sign in first
  accept
check_rcpt:
  require verify = recipient
  accept
check_data:
  accept

begin routers
mailbox:
  driver = accept
  domains = +local_domains
  local_parts = {' : '.join(mailboxes)} : a
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {self.boxes.path}/$local_part_data
  create_directory
  return_path_add
  envelope_to_add
  delivery_date_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_set_id = $auth2
  server_prompts = :
  server_condition = {good('$auth2', '$auth3')}
login:
  driver = plaintext
  public_name = LOGIN
  server_set_id = $auth1
  server_prompts = <| Username: | Password:
  server_condition = {good('$auth1', '$auth2')}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_set_id = $auth1
  server_secret = ${{base64d:${{lookup{{${{base64:$auth1}}}}lsearch{{{users}}}{{$value}}fail}}}}
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${{certextract{{subj_altname,mail,>:}}{{$tls_in_peercert}}}}
  server_condition = ${{if inlist{{$auth1}}{{$auth2}}}}
  server_set_id = $auth1
''' + self.scram())

    def scram(self):
        """Dovecot judges, by Exim's driver for it."""
        if self.dovecot is None:
            return ''
        return ''.join(f'''
dovecot_{number}:
  driver = dovecot
  public_name = {name}
  server_socket = {self.dovecot.socket}
  server_set_id = $auth1
''' for number, name in enumerate(('SCRAM-SHA-1', 'SCRAM-SHA-256')))

    def log_lines(self, word):
        with open(self.log, errors='replace') as f:
            return [line for line in f if word in line]

    def settled(self):
        wait_for('the empty queue', lambda: self.held or
                 not glob.glob(self.here / 'exim/input/*-D'), 30)

    def empty(self):
        """Forget the mails in the spool."""
        for path in glob.glob(self.here / 'exim/input/*'):
            os.unlink(path)

    def spooled(self):
        """The mails in the spool, header and body as octets."""
        return [(self.header(path[:-1] + 'H'), self.body(path))
                for path in sorted(glob.glob(self.here / 'exim/input/*-D'))]

    @staticmethod
    def body(path):
        with open(path, 'rb') as f:
            return f.read().split(b'\n', 1)[1]

    @staticmethod
    def header(path):
        """Behind an empty line each field has its length and a flag in front."""
        with open(path, 'rb') as f:
            text = f.read().split(b'\n\n', 1)[1]
        fields = []
        while text:
            length = int(text[:3])
            if text[3:4] != b'*':  # one that Exim has taken out
                fields.append(text[5:5 + length])
            text = text[5 + length:]
        return b''.join(fields)


class Aiosmtpd:
    """aiosmtpd, in a thread of the test: starttls and implicit ports; PLAIN and LOGIN.
    It keeps what it was given, octet by octet, in .mails as (sender, recipients, content)."""

    FRONT = ()
    MECHANISMS = ('PLAIN', 'LOGIN')

    def __init__(self, here):
        sys.path.append(unpacked('usr/lib/python3/dist-packages'))
        try:
            from aiosmtpd.controller import Controller
            from aiosmtpd.smtp import AuthResult
        except ImportError as e:
            raise Unavailable(f'aiosmtpd cannot be used: {e}') from e
        import logging
        import ssl
        logging.getLogger('mail.log').setLevel(logging.CRITICAL)
        warnings.simplefilter('ignore')  # that a sign-in is wanted and TLS is not: it is there already
        self.mails, self.ports, self.controllers = [], {}, []
        certificate, key = authority(here).certificate()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        mails = self.mails

        class Handler:
            async def handle_RCPT(self, _server, _session, envelope, address, _options):
                if address.startswith('nobody'):
                    return '550 5.1.1 no such mailbox'
                envelope.rcpt_tos.append(address)
                return '250 OK'

            async def handle_DATA(self, _server, _session, envelope):
                mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
                return '250 2.0.0 OK: queued as AIO%d' % len(mails)

        def sign_in(_server, _session, _envelope, _mechanism, data):
            wanted = USERS.get(data.login.decode(errors='replace'))
            good = wanted is not None and wanted.encode() == data.password
            return AuthResult(success=good, handled=good)

        for name, options in (('starttls', {'tls_context': tls, 'require_starttls': True}),
                              ('implicit', {'ssl_context': tls, 'auth_require_tls': False})):
            self.ports[name] = free_port()
            controller = Controller(Handler(), hostname='127.0.0.1', port=self.ports[name],
                                    auth_required=True, authenticator=sign_in,
                                    data_size_limit=30000000, enable_SMTPUTF8=True, **options)
            controller.start()
            self.controllers.append(controller)

    def close(self):
        for controller in self.controllers:
            controller.stop()


class Obstacle:
    """A port that is no submission service.  kind: closed (refused), silent (accepts and says
    nothing), hole (packets are dropped), http (something else answers)."""

    def __init__(self, kind):
        self.kind = kind
        self.held = []
        listener = socket.socket()
        listener.bind(('127.0.0.1', 0))
        self.port = listener.getsockname()[1]
        self.held.append(listener)  # bound, so that nobody else gets the port
        if kind == 'silent':
            listener.listen(50)
        elif kind == 'hole':
            listener.listen(0)
            for _ in range(4):  # a full backlog: Linux drops the next SYN, as a firewall does
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(('127.0.0.1', self.port))
                self.held.append(s)
        elif kind == 'http':
            listener.listen(50)
            threading.Thread(target=self.speak_http, args=(listener,), daemon=True).start()

    @staticmethod
    def speak_http(listener):
        with contextlib.suppress(OSError):  # until close()
            while True:
                s, _ = listener.accept()
                s.sendall(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
                s.close()

    def close(self):
        if self.kind == 'http':
            self.held[0].shutdown(socket.SHUT_RDWR)
        for s in self.held:
            s.close()
