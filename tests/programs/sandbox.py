# SPDX-License-Identifier: LGPL-2.1-or-later
"""A postern-sandbox for each test that asks for one.  Its program is the second argument of the tests'."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

LIMIT = 120


def contents(path):
    with open(path, "rb") as f:
        return f.read()


class Sandbox:
    """Servers on free ports of 127.0.0.1, each NAME=MODE of listen; their answers as given by options."""

    def __init__(self, *options, listen=("a=starttls",)):
        self.dir = tempfile.mkdtemp(prefix="postern-programs-")
        self.log = os.path.join(self.dir, "log")
        ready = os.path.join(self.dir, "ready")
        words = [sys.argv[2], "--dir", os.path.join(self.dir, "mail"), "--ready-file", ready, "--log", self.log]
        for entry in listen:
            words += ["--listen", "%s=0/%s" % tuple(entry.split("="))]
        try:
            self.process = subprocess.Popen(words + list(options), stdout=subprocess.DEVNULL)
        except OSError:
            shutil.rmtree(self.dir)
            raise
        self.facts = {}
        end = time.monotonic() + LIMIT
        while "POSTERN_URL" not in self.facts:
            if self.process.poll() is not None or time.monotonic() > end:
                self.close()
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.02)
            if os.path.exists(ready):
                self.facts = dict(re.findall(r"(?m)^(\w+)='?(.*?)'?$", contents(ready).decode()))
        self.url = self.facts["POSTERN_URL"]
        self.ca = self.facts["CA"]

    def port(self, name="a"):
        return self.facts["PORT_" + name]

    def stored(self):
        """The files of the mails."""
        return sorted(glob.glob(os.path.join(self.dir, "mail", "Maildir", "new", "*")))

    def messages(self):
        return [contents(f) for f in self.stored()]

    def commands(self):
        """What clients said, in lines; the log may be a moment late."""
        time.sleep(0.1)
        return re.findall(r"(?m)^\S+ \d+ \S+ C \S+ \d+ (.*)$", contents(self.log).decode())

    def auths(self):
        return sum(line.upper().startswith("AUTH ") for line in self.commands())

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def environment(url=None):
    """Without what would name a server, but the url."""
    env = {k: v for k, v in os.environ.items() if k not in ("POSTERN_URL", "SMTP_URL")}
    if url:
        env["POSTERN_URL"] = url
    return env
