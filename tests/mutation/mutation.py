#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mutation.py [--only NAME]... [--share K/N] [--list]: would the tests notice?

Each mutant is a mistake that was really made somewhere, planted into a copy of the sources: some
exact lines replaced.  The copy is built and the tests named with the mutant are run until one
fails.  A mutant that no test notices, or whose lines are not found any more, fails this run.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mutants import MUTANTS  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEFT_OUT = shutil.ignore_patterns("build*", ".git", "__pycache__")


class Broken(Exception):
    pass


def run(command, log, **more):
    with open(log, "ab") as f:
        return subprocess.run(command, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more).returncode


class Copy:
    """A copy of the sources, built once; then only what a mutant touches is built again."""

    def __init__(self, work):
        self.source, self.build, self.log = (os.path.join(work, n) for n in ("source", "build", "log"))
        shutil.copytree(TOP, self.source, ignore=LEFT_OUT, symlinks=True)
        if run(["meson", "setup", self.build, self.source, "-Doptimization=0", "-Ddebug=false", "-Dtests=enabled",
                "-Dexamples=enabled"], self.log):
            raise Broken("cannot be set up")

    def make(self):
        return run(["ninja", "-C", self.build], self.log)

    def test(self, names):
        """The first of these tests that fails; None: all passed."""
        for name in names:
            if run(["meson", "test", "-C", self.build, "--no-rebuild", name], self.log):
                return name
        return None

    def words(self):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-40:])


def plant(source, edits):
    """The files as they were, to be put back."""
    kept = {}
    for file, old, new in edits:
        path = os.path.join(source, file)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        kept.setdefault(path, text)
        if text.count(old) != 1:
            put_back(kept)
            raise Broken("%s has these lines %d times: %s" % (file, text.count(old), old.strip()))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))
    return kept


def put_back(kept):
    for path, text in kept.items():
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def judge(copy, mutant):
    """What noticed it, or raises Broken."""
    kept = plant(copy.source, mutant["edits"])
    try:
        if copy.make():
            raise Broken("does not build:\n" + copy.words())
        return copy.test(mutant["tests"])
    finally:
        put_back(kept)


def chosen(args):
    known = [m["name"] for m in MUTANTS]
    for name in args.only:
        if name not in known:
            sys.exit("mutation.py: no mutant is called '%s'; there are: %s" % (name, " ".join(known)))
    k, n = (int(x) for x in args.share.split("/"))
    return [m for i, m in enumerate(MUTANTS) if (not args.only or m["name"] in args.only) and i % n == k % n]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--only", action="append", default=[], metavar="NAME")
    p.add_argument("--share", default="0/1", metavar="K/N", help="every Nth mutant, from the Kth")
    p.add_argument("--list", action="store_true")
    args = p.parse_args()
    mutants = chosen(args)
    if args.list:
        for m in mutants:
            print("%s: %s" % (m["name"], m["what"]))
        return 0
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="postern-mutants-") as work:
        copy = Copy(work)
        needed = sorted({t for m in mutants for t in m["tests"]})
        failed = "the build" if copy.make() else copy.test(needed)
        if failed:
            print("without a mutant %s fails:\n%s" % (failed, copy.words()))
            return 1
        for m in mutants:
            began = time.monotonic()
            try:
                by = judge(copy, m)
                word = "noticed by %s" % by if by else "SURVIVED %s" % " ".join(m["tests"])
            except Broken as e:
                by, word = None, "BROKEN: %s" % e
            survivors += not by
            print("%s (%s): %s, %.0f s" % (m["name"], m["what"], word, time.monotonic() - began), flush=True)
    print("%d mutants, %d not noticed" % (len(mutants), survivors))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
