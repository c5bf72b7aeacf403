# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong in the field, made to go wrong: the id, the cause and the advice it is told with.

words_test.py POSTERN-SEND POSTERN-SANDBOX POSTERN-CHECK SEND-EXAMPLE [CASE].  Where the system
lets it, in a network of its own: there the real ports are free, and the system gives a silent
port up soon."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

import e2e
from e2e import BYE, HELLO, Sandbox, accepted, equal, expect

OWN = 'POSTERN_TEST_OWN_NETWORK'
HERE = '127.0.0.1'
MOST = 16 # listeners of one sandbox
BOX = None # the sandbox of what is no row of the table


class Row:
    """A situation: a listener's mode, its options or its script, how it is asked, what is told."""

    def __init__(self, fault, cause, advice, *own, mode='starttls', script=None, ask=None,
                 user='user', **more):
        self.fault, self.cause, self.advice = fault, cause, advice
        self.own, self.mode, self.script = list(own), mode, script
        self.ask, self.more = ask or mode, dict(more, user=user)


def reply(*texts):
    return [word for text in texts for word in ('--reply', text)]


def certificate(kind):
    return ['--certificate', kind]


def anonymous(*args, **kwargs):
    return Row(*args, user=None, **kwargs)


TLS_FIRST = 'greet "\\x16\\x03\\x01\\x00\\x31\\x02\\x00\\x00\\x2d\\x03\\x03"\n'
NO_OFFER = HELLO + 'send "250-e2e\\r\\n250 SIZE\\r\\n"\nnever "AUTH*"\nnever "MAIL*"\n' + BYE

# Each words of the cause, and of the advice, that must be there; {port} is the row's own.
ROWS = {
    # modes of TLS
    'implicit TLS to a STARTTLS port': Row(
        'tls-mode-starttls-expected', ['port {port}', 'speaks plain SMTP first'],
        ['tls=starttls', '465'], ask='implicit'),
    'STARTTLS to a port that begins with TLS': Row(
        'tls-mode-implicit-expected', ['port {port}', 'TLS from the first byte'],
        ['tls=implicit'], mode='none', script=TLS_FIRST, ask='starttls'),
    '530 Must issue a STARTTLS command': anonymous(
        'starttls-required', ['wants TLS before it takes mail', 'Must issue a STARTTLS'],
        ['tls=starttls'], *reply('MAIL=530 5.7.0 Must issue a STARTTLS command first'),
        mode='none'),
    '538 5.7.11 at MAIL': anonymous(
        'starttls-required', ['wants TLS before it takes mail', '538 5.7.11'], ['tls=starttls'],
        *reply('MAIL=538 5.7.11 Encryption required'), mode='none'),
    '538 5.7.11 at AUTH': Row(
        'auth-needs-tls', ['wants TLS before sign-in', '538 5.7.11'], ['tls=starttls'],
        '--plain-auth', *reply('AUTH=538 5.7.11 Encryption required'), mode='none'),
    'STARTTLS is not offered': Row(
        'starttls-missing', ['port {port}', 'does not offer STARTTLS'],
        ['Do not send in the clear', 'misconfigured', 'on the path', '465'], '--no-starttls',
        '--plain-auth'),
    'STARTTLS is not in the list of a relay': Row(
        'starttls-missing', ['does not offer STARTTLS'], ['Do not send in the clear', '465'],
        script=NO_OFFER),
    # certificates
    'certificate expired': Row(
        'certificate-expired', ['of localhost has expired', 'CN=localhost, valid until 20'],
        ['clock'], *certificate('expired')),
    'certificate not yet valid': Row(
        'certificate-not-yet-valid',
        ['of localhost is not valid yet', 'CN=localhost, valid from 20'],
        ['clock'], *certificate('not-yet-valid')),
    'certificate for another name': Row(
        'certificate-wrong-name', ['not for localhost', 'it is for', 'other.sandbox.test'],
        ['one of the names in the certificate'], *certificate('wrong-name')),
    'certificate for other names': Row(
        'certificate-wrong-name', ['not for localhost', '*.sandbox.test'],
        ['one of the names in the certificate'], *certificate('wildcard')),
    'unknown authority': Row(
        'certificate-unknown-authority',
        ['authority that is not trusted here', 'issued by CN=Postern sandbox'],
        ['cafile=', 'virus scanner or proxy'], *certificate('unknown-authority')),
    'intermediate not sent': Row(
        'certificate-unknown-authority', ['not trusted here', 'intermediate authority'],
        ['cafile='], *certificate('missing-intermediate')),
    'self-signed': Row(
        'certificate-self-signed', ['of localhost is signed by itself', 'CN=localhost'],
        ['cafile='], *certificate('self-signed'), mode='implicit'),
    # signing in
    '535 5.7.8': Row(
        'auth-refused', ['refused the user name or password', '535 5.7.8'],
        ['Check both', 'application password', 'No other port was tried'], password='wrong'),
    '535 5.7.139': Row(
        'auth-password-disabled', ['does not accept passwords for this account', '535 5.7.139'],
        ['Password sign-in is switched off', 'administrator'],
        *reply('AUTH=535 5.7.139 Authentication unsuccessful, basic authentication is disabled')),
    '550 5.7.30 at AUTH': Row(
        'auth-password-disabled', ['does not accept passwords', '550 5.7.30'],
        ['Password sign-in is switched off'],
        *reply('AUTH=550 5.7.30 Basic authentication is not supported')),
    '550 5.7.30 at MAIL': Row(
        'auth-password-disabled', ['does not accept passwords', '550 5.7.30'],
        ['Password sign-in is switched off'],
        *reply('MAIL=550 5.7.30 Basic authentication is not supported')),
    'no common mechanism': Row(
        'auth-no-mechanism', ['no sign-in mechanism in common', 'XOAUTH2', 'OAUTHBEARER'],
        ['Allow one of those offered', 'kind of credential'],
        '--mechanisms', 'XOAUTH2 OAUTHBEARER'),
    'the only mechanism offered is not allowed': Row(
        'auth-no-mechanism', ['no sign-in mechanism in common', 'PLAIN'],
        ['Allow one of those offered'], '--mechanisms', 'PLAIN',
        options=['--auth', 'SCRAM-SHA-256']),
    'AUTH is not offered': Row(
        'auth-not-offered', ['does not offer sign-in', 'credentials are set'],
        ['587 or 465', 'take user and password out'], '--without', 'AUTH'),
    # for now
    '421 greeting': Row(
        'greeting-busy', ['port {port}', 'too busy', '421 4.3.2 later'], ['try again later'],
        *reply('GREETING=421 4.3.2 later')),
    '421 at MAIL': Row(
        'service-closing', ['is closing the connection', '421 4.4.2'], ['try again later'],
        *reply('MAIL=421 4.4.2 Too many messages')),
    '432 at MAIL': Row(
        'service-busy', ['cannot take the mail for now', 'wait 60 seconds'],
        ['Wait as long as the reply says', 'try again'],
        *reply('MAIL=432 4.3.2 Concurrent connections limit, wait 60 seconds')),
    '452 at RCPT': Row(
        'service-busy', ['cannot take the mail for now', '452 4.5.3'], ['try again'],
        *reply('RCPT=452 4.5.3 Too many recipients')),
    '452 at the dot': Row(
        'service-busy', ['cannot take the mail for now', '452 4.3.1'], ['try again'],
        *reply('DOT=452 4.3.1 Insufficient storage')),
    '454 at AUTH': Row(
        'auth-busy', ['cannot check the credentials for now', '454 4.7.0'], ['try again later'],
        *reply('AUTH=454 4.7.0 Temporary authentication failure')),
    '454 at STARTTLS': Row(
        'starttls-busy', ['cannot start TLS for now', 'unverified', '454 4.7.0'],
        ['try again later'], *reply('STARTTLS=454 4.7.0 TLS not available')),
    '450 at RCPT': Row(
        'greylisted', ['asks to try again later', '450 4.2.0'], ['greylisting', '5 minutes'],
        *reply('RCPT=450 4.2.0 Greylisted')),
    '451 at RCPT': Row(
        'greylisted', ['asks to try again later', '451 4.7.1'], ['greylisting', '5 minutes'],
        *reply('RCPT=451 4.7.1 Please try again')),
    '451 at the dot': Row(
        'greylisted', ['asks to try again later', '451 4.7.1'], ['greylisting', '5 minutes'],
        *reply('DOT=451 4.7.1 Greylisting in action')),
    # for good
    '552 5.3.4 at MAIL': Row(
        'message-too-large-refused', ['too large', '552 5.3.4'], ['smaller attachments', 'links'],
        *reply('MAIL=552 5.3.4 Message size exceeds fixed limit')),
    'over the SIZE that was offered': Row(
        'message-too-large', ['too large', 'the limit is 50'], ['smaller attachments', 'links'],
        '--size', '50'),
    '550 5.7.1': Row(
        'sender-not-allowed', ['does not let this account send as that address', '550 5.7.1'],
        ['address of the account', 'domain verified'], '--refuse-sender', '*'),
    '553 5.7.1': Row(
        'sender-not-allowed', ['does not let this account send', '553 5.7.1'],
        ['address of the account'], *reply('MAIL=553 5.7.1 Sender not owned by user')),
    '554 5.2.252 at the dot': Row(
        'sender-not-allowed', ['does not let this account send', 'SendAsDenied'],
        ['address of the account'], *reply('DOT=554 5.2.252 SendAsDenied')),
    # another service
    'HTTP': Row(
        'greeting-not-smtp', ['port {port}', 'does not speak SMTP', 'it says "'],
        ['Check the host name and the port'],
        script='greet "HTTP/1.1 400 Bad Request\\r\\nServer: x\\r\\n\\r\\n"\nfin\n'),
    'IMAP': Row(
        'greeting-not-smtp', ['port {port}', 'does not speak SMTP'],
        ['Check the host name and the port'], script='greet "* OK IMAP4rev1 ready\\r\\n"\n'),
}

# The ports, by number, in a network of their own; a row: the ports asked.
TIMED = {
    'every port times out': (
        '587 465 2525', 'ports-all-timeout', [f'no port of {HERE}', 'answered in time'],
        ['host name is wrong', 'blocks outgoing mail', 'which submission port is open']),
    'port 25 times out': (
        '25', 'port-25-blocked', [f'port 25 of {HERE}', 'cannot be used from here'],
        ['block port 25', 'between servers', '587 or 465']),
    'port 2525 times out': (
        '2525', 'port-2525-absent', [f'port 2525 of {HERE}', 'cannot be used from here'],
        ['Not every provider offers port 2525', 'documentation']),
    'a single port times out': (
        '587', 'connect-timeout', [f'port 587 of {HERE}', 'did not answer in time'],
        ['firewall', 'egress rule', 'which submission port is open']),
}
REFUSED = { # port: the same without waiting, where nothing listens
    25: ('port-25-blocked', ['port 25 of', 'cannot be used'], ['587 or 465']),
    2525: ('port-2525-absent', ['port 2525 of', 'cannot be used'], ['Not every provider']),
}


def holds(text, words, port=''):
    for word in words:
        expect(word.format(port=port) in text, f'no {word!r} in {text!r}')


def told(result, fault, cause, advice, port=''):
    equal(result.error_id, fault, 'id', result)
    holds(result.error, cause, port)
    holds(result.advice, advice, port)
    expect('{' not in result.error + result.advice and '%' not in result.error + result.advice,
           'a part was not filled in', result)
    for word in (result.error, *result.advice.split('\n')):
        expect(word in result.err, f'standard error lacks {word!r}', result)


def one(cases, box, place, row):
    port = box.port(place)
    told(cases.send(f'{port}/{row.ask}', box.values['CA'], **row.more), row.fault, row.cause,
         row.advice, port)


def table(cases):
    """The rows, as many in a sandbox as it has listeners for."""
    rows = list(ROWS.items())
    for some in (rows[n:n + MOST] for n in range(0, len(rows), MOST)):
        listeners = [(f'r{n}', row.mode, row.own, row.script) for n, (_, row) in enumerate(some)]
        with cases.sandbox(*listeners) as box:
            for n, (name, row) in enumerate(some):
                cases.run(name, one, cases, box, f'r{n}', row)
            equal(box.violations(), [], 'violations', *box.log())


def refused(cases):
    told(cases.send(BOX.ports('shut', 'shut2'), BOX.values['CA']), 'ports-all-refused',
         ['every port of localhost refused'], ['Nothing takes mail', 'host name', 'documentation'])


def refused_at(cases, port, words):
    told(cases.send(f'{port}/starttls', BOX.values['CA'], server=HERE), *words)


def too_large(cases, example):
    """A mail whose size is known is not begun; both numbers are told."""
    url = f'smtp://user:password@localhost?ports={BOX.ports("small")}&cafile={BOX.values["CA"]}'
    done = subprocess.run([example, url], capture_output=True, check=False, timeout=30)
    words = done.stderr.decode()
    holds(words, ['permanent: ', 'too large for localhost', 'octets', 'the limit is 50',
                  'smaller attachments'])
    size = int(words.split('it has ')[1].split(' ')[0])
    expect(size > 50, words)
    e2e.nothing_said(BOX, 'small', 'MAIL')


def timed(result, ports, fault, cause, advice):
    result = result()
    told(result, fault, cause, advice)
    equal([(a['port'], a['error_id']) for a in result.attempts],
          [(int(port), 'connect-timeout') for port in ports.split()], 'attempts', result)


def look(program, ports, *words, ca=None):
    """postern-check's report."""
    env = {k: v for k, v in os.environ.items() if k not in ('POSTERN_URL', 'SMTP_URL')}
    command = [program, '--json', '--timeout', '1', '--cafile', ca or BOX.values['CA']]
    done = subprocess.run([*command, '--ports', ports, *words, HERE], env=env, timeout=60,
                          capture_output=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f'exit {done.returncode}: {done.stdout} {done.stderr}') from None


def blocked_beside(cases, check):
    """One port times out and another answers: it is used, and the check says how to save time."""
    result = cases.send(BOX.ports('stalled', 'good'), BOX.values['CA'], user='user')
    accepted(result)
    equal([a['port'] for a in result.attempts], [BOX.port('stalled'), BOX.port('good')],
          'attempts', result)
    report = look(check, BOX.ports('stalled', 'good'))
    first, good = report['ports'][0], BOX.port('good')
    equal(first['fault'], 'connect-timeout', 'fault', report)
    holds(first['error'], ['port {port}', 'did not answer in time'], BOX.port('stalled'))
    holds(first['advice'], ['nothing to do', 'port {port} works', 'set ports={port}.'], good)
    equal(report['summary']['port'], good, 'summary', report)
    holds(report['summary']['recommendation'], ['Use port {port} with implicit TLS'], good)


def refused_checked(check):
    report = look(check, BOX.ports('shut', 'shut2'))
    summary = report['summary']
    equal(summary['fault'], 'ports-all-refused', 'fault', report)
    holds(summary['error'], [f'every port of {HERE} refused'])
    holds(summary['advice'], ['check the host name'])


def copied_2525(cases, check):
    """2525 beside a port that works: the mail goes, and the check says whose port that is."""
    report = look(check, f'2525/starttls,{BOX.ports("good")}')
    first = report['ports'][0]
    expect(first['fault'] in ('connect-refused', 'connect-timeout'), report)
    holds(first['advice'], ['Not every provider offers port 2525', 'documentation'])
    equal(report['summary']['port'], BOX.port('good'), 'summary', report)
    accepted(cases.send(f'2525/starttls,{BOX.ports("good")}', BOX.values['CA'], user='user'))


def silent_is_implicit(cases, check):
    """STARTTLS was expected and the port waits for TLS: the check asks it the other way."""
    port = BOX.port('good')
    report = look(check, f'{port}/starttls')
    first = report['ports'][0]
    equal(first['fault'], 'tls-mode-implicit-expected', 'fault', report)
    holds(first['error'], ['port {port}', 'TLS from the first byte'], port)
    holds(first['advice'], ['tls=implicit'])
    holds(report['summary']['url'], ['tls=implicit'])
    result = cases.send(f'{port}/starttls', BOX.values['CA'], user='user', timeout=1)
    equal(result.outcome, 'transient', 'outcome', result)
    e2e.nothing_said(BOX, 'good', 'STARTTLS')


def certificate_checked(check):
    """What there is to compare a bad certificate by: its names, its end, its key's SHA-256."""
    report = look(check, BOX.ports('named'))
    first = report['ports'][0]
    equal(first['fault'], 'certificate-wrong-name', 'fault', report)
    holds(first['error'], [f'not for {HERE}', 'other.sandbox.test'])
    holds(first['certificate.names'], ['other.sandbox.test'])
    equal(len(first['certificate.key-sha256']), 44, 'SHA-256 in base64', report)
    expect(first['certificate.until'].startswith('20'), report)


def silent(check):
    report = look(check, BOX.ports('silent'))
    first = report['ports'][0]
    equal(first['fault'], 'greeting-silent', 'fault', report)
    holds(first['error'], ['port {port}', 'stayed silent'], BOX.port('silent'))
    holds(first['advice'], ['tls=implicit', 'firewall', 'another port'])


def here_and_there(check):
    """Two reports: the line that differs, and why."""
    ports = BOX.ports('good')
    with tempfile.TemporaryDirectory(prefix='postern-e2e.') as place:
        there = os.path.join(place, 'there')
        with Sandbox(sys.argv[2], ('x', 'starttls', [], None)) as other:
            bad = look(check, ports, ca=other.values['CA'])
        with open(there, 'w', encoding='utf-8') as f:
            json.dump(bad, f)
        report = look(check, ports, '--compare', there)
        holds(' '.join(report['differences']), ['works here, fails there', 'certificate'])
        with open(there, 'w', encoding='utf-8') as f:
            json.dump(look(check, ports), f)
        report = look(check, BOX.ports('good'), '--compare', there)
        equal(report['differences'], [], 'differences', report)


MORE = [ # listeners that are no row's
    ('good', 'implicit', [], None), ('stalled', 'starttls', ['--stalled'], None),
    ('silent', 'starttls', ['--silent'], None), ('small', 'starttls', ['--size', '50'], None),
    ('named', 'starttls', certificate('wrong-name'), None),
    ('shut', 'starttls', ['--blocked'], None), ('shut2', 'implicit', ['--blocked'], None),
]


def tests(cases, check, example):
    global BOX # pylint: disable=global-statement
    options, late = [], {}
    if OWN in os.environ:
        for port in (587, 465, 2525, 25):
            options += ['--listen', f't{port}={HERE}:{port}/starttls', '--on', f't{port}',
                        '--stalled']
        options += ['--on', 'all']
    with cases.sandbox(*MORE, options=options) as BOX:
        for name, (ports, *_) in TIMED.items() if OWN in os.environ else ():
            late[name] = cases.start(ports, BOX.values['CA'], server=HERE)
        table(cases)
        cases.run('every port refuses', refused, cases)
        cases.run('every port refuses: check', refused_checked, check)
        cases.run('larger than SIZE, size known', too_large, cases, example)
        cases.run('one port times out, another answers', blocked_beside, cases, check)
        cases.run('STARTTLS to an implicit port: check', silent_is_implicit, cases, check)
        cases.run('certificate for another name: check', certificate_checked, check)
        cases.run('a silent port: check', silent, check)
        cases.run('works here, fails there', here_and_there, check)
        if free(2525):
            cases.run('2525 of another provider', copied_2525, cases, check)
        for port, words in REFUSED.items():
            if OWN not in os.environ and free(port):
                cases.run(f'port {port} refuses', refused_at, cases, port, words)
        for name, result in late.items():
            cases.run(name, timed, result, *TIMED[name])
    if not late:
        print('skipped: ports that time out (no network of its own)')


def free(port):
    """Nothing of this machine listens there, or what does is ours."""
    if OWN in os.environ:
        return True
    with socket.socket() as s:
        return s.connect_ex((HERE, port)) != 0


def own_network():
    """Once more, where this process's network is its own; or go on as it is."""
    unshare = ['unshare', '--user', '--map-root-user', '--net']
    try:
        if OWN not in os.environ and not subprocess.run(
                [*unshare, 'true'], check=False, stderr=subprocess.DEVNULL).returncode:
            os.environ[OWN] = '1'
            os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])
        if OWN in os.environ:
            with socket.socket() as s: # the loopback device: up
                fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x49))
            with open('/proc/sys/net/ipv4/tcp_syn_retries', 'w', encoding='ascii') as f:
                f.write('1')
    except OSError as e:
        print(f'not in a network of its own: {e}')
        os.environ.pop(OWN, None)


if __name__ == '__main__':
    own_network()
    programs = list(map(os.path.abspath, sys.argv[3:5]))
    del sys.argv[3:5]
    e2e.main(lambda cases: tests(cases, *programs))
