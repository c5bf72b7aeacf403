# SPDX-License-Identifier: LGPL-2.1-or-later
"""For tests whose first program is the driver: its words, and what it tells of each mail."""

import json
import os
import subprocess

from e2e import equal, expect


class Answer:
    """What became of one mail, or what a setter said."""

    def __init__(self, text, err):
        self.text, self.err = text, err
        self.json = json.loads(text)

    def __getattr__(self, name):
        return self.json.get(name, '')

    def __str__(self):
        return self.text + '\n' + self.err


def words(box, *names, server='localhost', user='user:password'):
    """The usual ones: the server, its ports, its authority, a login."""
    first = [f'server={server}', f'ports={box.ports(*names)}', f'trust={box.values["CA"]}',
             'timeout=20000']
    return first + ([f'login={user}'] if user else [])


def drive(cases, *args):
    """The answers, in their order."""
    env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C', 'HOME': '/nonexistent'}
    env.update((k, v) for k, v in os.environ.items() if k.endswith('SAN_OPTIONS') or k.startswith('KRB5'))
    done = subprocess.run([cases.send_program, *args], stdin=subprocess.DEVNULL,
                          capture_output=True, env=env, timeout=100, check=False)
    err = done.stderr.decode(errors='replace')
    expect(done.returncode == 0, f'exit {done.returncode}', done.stdout, err)
    lines = done.stdout.decode(errors='replace').splitlines()
    return [Answer(line, err) for line in lines]


def one(cases, *args):
    answers = drive(cases, *args)
    equal(len(answers), 1, 'answers', *answers)
    return answers[0]


def accepted(answer, mechanism=None):
    equal(answer.outcome, 'accepted', 'outcome', answer)
    if mechanism is not None:
        equal(answer.mechanism, mechanism, 'mechanism', answer)


def failed(answer, *ids):
    equal(answer.outcome, 'permanent', 'outcome', answer)
    expect(answer.id in ids, f'id {answer.id!r}, expected {ids}', answer)
    expect(answer.error, 'no sentence', answer)


def auths(box, name):
    return [line for line in box.said(name) if line.upper().startswith('AUTH')]


def tells(box, name, text):
    """An event of this listener holds the text."""
    expect(any(text in event for event in box.said(name, '*')), f'no {text!r} in', *box.log(name))


def count(box, name, text):
    return sum(text in event for event in box.said(name, '*'))
