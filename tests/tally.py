# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads Meson's record of a test run, for tests/run.sh.

tally.py count LABEL TESTLOG   lines "pass|FAIL|skip LABEL: NAME ..." for every test; for a
                               failure the end of its output on standard error
tally.py programs STEP BUILD   the names of the unit tests that this step of run.sh runs: tests
                               that are a program of this build, one name a line
"""

import json
import os
import subprocess
import sys

TAIL = 40  # lines of a failed test's output
APART = {'story', 'stories', 'sandbox', 'live', 'package'}
# It looks at freed memory, which valgrind fills.
NOT_IN = {'valgrind': {'wipe'}}


def last_words(record):
    """The end of what the test said, standard error last."""
    lines = []
    for stream in ('stdout', 'stderr'):
        lines += (record.get(stream) or '').splitlines()
    return lines


def explanation(lines):
    """The lines that say what failed, wherever they stand, and the last ones."""
    chosen = set(range(len(lines) - TAIL // 2, len(lines)))
    inside = False
    for i, line in enumerate(lines):
        inside = line.startswith('FAILED') or (inside and line.startswith('    '))
        if inside and len(chosen) < 2 * TAIL:
            chosen.add(i)
    return [lines[i] for i in sorted(chosen) if i >= 0]


def reason(record):
    lines = [line.strip() for line in last_words(record) if line.strip()]
    return lines[-1].removeprefix('SKIPPED: ') if lines else 'it gives no reason'


def count(label, path):
    with open(path, encoding='utf-8', errors='replace') as f:
        for record in map(json.loads, f):
            # Meson writes "project:suite / name".
            name = f'{label}: {record["name"].split(" / ")[-1]}'
            result = record['result']
            if result in ('OK', 'EXPECTEDFAIL'):
                print('pass', name)
            elif result == 'SKIP':
                print('skip', name, '-', reason(record))
            else:
                print('FAIL', name)
                print(f'--- {name}: {result}, after {record["duration"]:.1f} s', file=sys.stderr)
                print('\n'.join(explanation(last_words(record))), file=sys.stderr)


def programs(step, build):
    text = subprocess.run(['meson', 'introspect', '--tests', build], check=True,
                          stdout=subprocess.PIPE).stdout
    inside = os.path.realpath(build) + os.sep
    for test in json.loads(text):
        suites = {suite.split(':')[-1] for suite in test['suite']}
        ours = os.path.realpath(test['cmd'][0]).startswith(inside)
        if ours and not suites & APART and test['name'] not in NOT_IN.get(step, ()):
            print(test['name'])


if __name__ == '__main__':
    {'count': count, 'programs': programs}[sys.argv[1]](*sys.argv[2:])
