# SPDX-License-Identifier: LGPL-2.1-or-later
"""GSSAPI with a key distribution centre of our own, on loopback; skipped where none is installed."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import e2e
from driven import accepted, auths, failed, one, tells, words
from e2e import equal, expect, nothing_said

PATH = os.environ['PATH'] + ':/usr/sbin:/usr/lib/mit/sbin'
NEEDED = ['krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit']
SKIPPED = 77
CONFIG = '''[libdefaults]
default_realm = SANDBOX.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
SANDBOX.TEST = {{
	kdc = 127.0.0.1:{port}
}}
[kdcdefaults]
kdc_listen = ""
kdc_tcp_listen = 127.0.0.1:{port}
[dbmodules]
SANDBOX.TEST = {{
	database_name = {here}/principal
}}
[logging]
kdc = FILE:{here}/kdc.log
'''
REALM = '''[realms]
SANDBOX.TEST = {{
	database_name = {here}/principal
	key_stash_file = {here}/stash
	kdc_listen = ""
	kdc_tcp_listen = 127.0.0.1:{port}
}}
'''


class Centre:
    """A realm with the user, and the service smtp at localhost."""

    def __init__(self):
        self.place = tempfile.TemporaryDirectory(prefix='postern-e2e.')
        self.here = self.place.name
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        for name, text in (('krb5.conf', CONFIG), ('kdc.conf', REALM)):
            with open(f'{self.here}/{name}', 'w', encoding='utf-8') as f:
                f.write(text.format(here=self.here, port=self.port))
        self.env = {'PATH': PATH, 'LC_ALL': 'C', 'HOME': '/nonexistent',
                    'KRB5_CONFIG': f'{self.here}/krb5.conf',
                    'KRB5_KDC_PROFILE': f'{self.here}/kdc.conf',
                    'KRB5_KTNAME': f'{self.here}/keytab', 'KRB5CCNAME': f'{self.here}/cache'}
        self.run('kdb5_util', 'create', '-s', '-r', 'SANDBOX.TEST', '-P', 'master')
        for query in ('addprinc -pw password user', 'addprinc -pw password stranger',
                      'addprinc -randkey smtp/localhost', 'ktadd smtp/localhost'):
            self.run('kadmin.local', '-r', 'SANDBOX.TEST', '-q', query)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(['krb5kdc', '-n', '-r', 'SANDBOX.TEST'], env=self.env,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def run(self, *command, text=''):
        done = subprocess.run(command, env=self.env, input=text, capture_output=True, text=True,
                              timeout=60, check=False)
        expect(done.returncode == 0, command, done.stdout, done.stderr)

    def wait(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError('the key distribution centre does not start')

    def ticket(self, user):
        self.run('kinit', user, text='password\n')

    def no_ticket(self):
        if os.path.exists(self.env['KRB5CCNAME']):
            os.remove(self.env['KRB5CCNAME'])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.place.cleanup()


def gssapi(cases, centre, mode):
    """The ticket signs in: there is no password anywhere."""
    options = ['--name', 'localhost', '--judge']
    with cases.sandbox(('s', mode, ['--mechanisms', 'GSSAPI PLAIN'], None),
                       options=options) as box:
        centre.ticket('user')
        accepted(one(cases, *words(box, 's', user=None), 'mechanisms=GSSAPI', 'send'), 'GSSAPI')
        tells(box, 's', 'the ticket of user@SANDBOX.TEST')
        tells(box, 's', 'authenticated user by GSSAPI')
        nothing_said(box, 's', 'AUTH PLAIN')
        equal(box.violations(), [], 'violations', *box.log('s'))


def refused(cases, centre):
    """A ticket of somebody whom the server does not know, and none at all."""
    with cases.sandbox(('s', 'implicit', ['--mechanisms', 'GSSAPI PLAIN'], None),
                       options=['--name', 'localhost']) as box:
        centre.ticket('stranger')
        failed(one(cases, *words(box, 's', user=None), 'mechanisms=GSSAPI', 'send'),
               'auth-refused')
        centre.no_ticket()
        answer = one(cases, *words(box, 's'), 'mechanisms=GSSAPI PLAIN', 'send')
        expect(answer.outcome != 'accepted' or answer.mechanism == 'PLAIN', answer)
        expect(len(auths(box, 's')) <= 3, 'AUTH', *box.log('s'))


def not_unasked(cases):
    with cases.sandbox(('s', 'implicit', ['--mechanisms', 'GSSAPI'], None),
                       options=['--name', 'localhost']) as box:
        failed(one(cases, *words(box, 's'), 'send'), 'auth-no-mechanism')
        nothing_said(box, 's', 'AUTH', 'MAIL')


def tests(cases):
    with Centre() as centre:
        os.environ.update(centre.env)
        # libgssglue loses a few octets for each name that is imported
        os.environ['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        for mode in ('starttls', 'implicit'):
            cases.run(f'GSSAPI by {mode}', gssapi, cases, centre, mode)
        cases.run('refused', refused, cases, centre)
        cases.run('not unasked', not_unasked, cases)


if not all(shutil.which(name, path=PATH) for name in NEEDED):
    print('skipped: there is no key distribution centre')
    sys.exit(SKIPPED)
e2e.main(tests)
