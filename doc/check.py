#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check.py SOURCE PRINT-TABLE: the documents say what the sources say."""
import os
import re
import shutil
import subprocess
import sys
import unittest

TOP, PRINT_TABLE = sys.argv[1:3]


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


class Documents(unittest.TestCase):
    def test_machine(self):
        printed = subprocess.run([PRINT_TABLE], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual(printed, read("doc", "machine.md"), "print it anew: doc/print-table > doc/machine.md")

    def test_every_fault(self):
        faults = re.findall(r'X\(\w+,\s+"([a-z0-9-]+)",\s+(E_\w+),\s+(\w)\w+\)', read("lib", "base", "fault.h"))
        self.assertGreater(len(faults), 70)
        wanted = {(i, c, {"I": "D"}.get(o, o)) for i, c, o in faults}
        page = read("doc", "postern-outcomes.7")
        self.assertEqual(set(re.findall(r"^\.It Li (\S+) Pq (E_\w+) , (\w)$", page, re.M)), wanted)

    def test_every_code_and_outcome(self):
        header, page = read("include", "postern.h"), read("doc", "postern-outcomes.7")
        for name in re.findall(r"^\t(POSTERN_(?:E_\w+|[A-Z_]+)) = -?\d", header, re.M):
            if name != "POSTERN_OK" and "LIMIT" not in name and "NOTIFY" not in name:
                self.assertIn(".It Dv %s" % name, page)

    def test_every_function(self):
        header, page = read("include", "postern.h"), read("doc", "postern.3")
        functions = set(re.findall(r"^POSTERN_API [\w *]*?\*?(postern_\w+)\(", header, re.M))
        self.assertGreater(len(functions), 50)
        synopsis, description = page.split(".Sh DESCRIPTION")
        self.assertEqual(set(re.findall(r"^\.F[no] (postern_\w+)", synopsis, re.M)), functions)
        self.assertEqual(set(re.findall(r"^\.Fn (postern_\w+)", description, re.M)), functions)
        for name in re.findall(r"POSTERN_(?:LIMIT|NOTIFY)_\w+", header):
            self.assertIn(name, page)

    def test_every_url_parameter(self):
        keys = re.findall(r'\{"([a-z-]+)",\s*take_', read("lib", "url_keys.c"))
        self.assertGreater(len(keys), 20)
        page = read("doc", "postern-url.7")
        self.assertEqual(sorted(re.findall(r"^\.It Li ([a-z-]+)= Ns", page, re.M)), sorted(keys))

    def test_every_option(self):
        common = read("examples", "cli", "common.c")
        helps = common.split("void common_help_service", 1)[1]
        for name, file, help in (("postern-send.1", "settings.c", "settings_help"),
                                 ("postern-check.1", "check.c", "check_help")):
            page, source = read("doc", name), read("examples", "cli", file)
            told = source.split("void " + help, 1)[1] + helps
            options = re.findall(r'^\t\{"-(-?[a-z-]+)"', source + common, re.M)
            self.assertGreater(len(options), 20)
            for option in options:
                if option != "h":
                    self.assertIn("Fl %s" % option.replace("-", "Fl ", 1) if option[0] == "-" else option, page)
                    self.assertIn("-" + option, told)

    def test_every_key_of_a_report(self):
        keys = set(re.findall(r'\(r, "([a-z0-9.-]+)",|, "(ms\.[a-z-]+)"', read("lib", "findings.c")))
        keys = {a or b for a, b in keys}
        self.assertGreater(len(keys), 30)
        page = read("doc", "postern.3").split(".Ss Keys of a report")[1].split("\n.S")[0]
        listed = {k for line in re.findall(r"^\.It Li (.*)$", page, re.M) for k in line.replace(",", " ").split()}
        self.assertEqual(listed, keys)

    def test_the_program_in_the_readme(self):
        block = re.search(r"```c\n(.*?)```", read("README.md"), re.S).group(1)
        program = read("examples", "send.c").split("*/\n", 1)[1]
        self.assertEqual(re.sub(r"\s+", " ", block).strip(), re.sub(r"\s+", " ", program).strip())

    def test_manual_pages(self):
        if not shutil.which("mandoc"):
            self.skipTest("no mandoc")
        pages = [os.path.join(TOP, "doc", p) for p in os.listdir(os.path.join(TOP, "doc")) if p[-2:] in (".1", ".3", ".7")]
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], stdout=subprocess.PIPE)
        self.assertEqual(done.stdout.decode(), "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
