# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clients that are measured."""

import glob
import os
import shutil

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Client:
    """warm, fresh: its words for these ways; None: it has none.  chunking: by default all doors
    offer it; data=True: the doors that do not."""

    reads_file = False
    only = () # the measures that it is for, or all of them

    def __init__(self, name, argv, modes=('plain', 'starttls', 'implicit'), warm='warm',
                 fresh='fresh', data=False, environment=None):
        self.name, self.argv, self.modes = name, argv, modes
        self.warm, self.fresh, self.data = warm, fresh, data
        self.environment = environment or {}

    def door(self, mode, delay=''):
        return mode + ('-data' if self.data else '') + delay

    def command(self, *arguments):
        return [*self.argv, *(str(a) for a in arguments)]


class SmtpSource(Client):
    """Postfix's generator: no TLS, no AUTH."""

    def command(self, mode, port, ca, message, size, count, recipients, way):
        words = ['-m', count, '-l', size, '-r', recipients, '-f', 'sender@example.org',
                 '-t', 'recipient@example.com', '-M', 'client.example']
        if way == 'warm':
            words.append('-d')
        return [*self.argv, *(str(w) for w in words), f'127.0.0.1:{port}']


def floors(build):
    floor = [os.path.join(build, 'bench/floor')]
    return [Client('floor', floor, warm='bdat', fresh='bdat-fresh'),
            Client('floor, DATA', floor, warm='data', fresh='data-fresh', data=True),
            Client('floor, queued', floor, warm='queue', fresh=None)]


def ours(build):
    postern = [os.path.join(build, 'bench/client-postern')]
    window = Client('Postern, window of 32', postern, warm='window-32', fresh=None)
    window.only = ('slow line',)
    two = Client('Postern, 2 connections', postern, warm='queue-2', fresh=None)
    two.only = ('slow line', 'free')
    return [window, two,
            Client('Postern', postern, warm='one'),
            Client('Postern, DATA', postern, warm='one', data=True),
            Client('Postern, queued', postern, warm='queue', fresh=None),
            Client('Postern, DATA, queued', postern, warm='queue', fresh=None, data=True)]


def libraries(build):
    """In C."""
    for name in ('libesmtp', 'libcurl', 'libetpan'):
        program = os.path.join(build, 'bench/client-' + name)
        if not os.path.exists(program):
            continue
        client = Client({'libesmtp': 'libESMTP'}.get(name, name), [program])
        if name == 'libesmtp':
            client.modes = ('plain', 'starttls')
        yield client


def others(servers):
    """Programs and libraries of other languages.  servers: where Debian's are unpacked."""
    at = os.path.join(HERE, 'clients')
    if shutil.which('msmtp'):
        client = Client('msmtp', ['sh', os.path.join(at, 'msmtp.sh')], warm=None)
        client.reads_file = True
        yield client
    python = next((p for p in ('/usr/bin/python3', shutil.which('python3'))
                   if p and os.path.exists(p)), None)
    if python:
        yield Client('smtplib', [python, os.path.join(at, 'python.py')])
    if shutil.which('php') and os.path.exists('/usr/share/php/libphp-phpmailer'):
        yield Client('PHPMailer', ['php', os.path.join(at, 'phpmailer.php')])
    module = next(iter(glob.glob(os.path.join(servers, 'usr/share/nodejs/nodemailer')) +
                       glob.glob('/usr/share/nodejs/nodemailer')), None)
    if shutil.which('node') and module:
        yield Client('nodemailer', ['node', os.path.join(at, 'nodemailer.js')],
                     environment={'NODEMAILER': module})
    source = shutil.which('smtp-source') or os.path.join(servers, 'usr/sbin/smtp-source')
    if os.path.exists(source):
        libraries_at = os.path.join(servers, 'usr/lib/postfix')
        yield SmtpSource('smtp-source', [source], modes=('plain',),
                         environment={'LD_LIBRARY_PATH': libraries_at})
