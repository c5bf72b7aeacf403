#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""postern-check against servers that are mis-set in every way, over real sockets and TLS.

check.py POSTERN-CHECK POSTERN-SANDBOX
"""
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from sandbox import LIMIT, Sandbox, environment

CHECK = sys.argv[1]
SLOW = 5 if os.environ.get("SANITIZED", "none") != "none" else 1


class Result:
    def __init__(self, status, out, err, ms):
        self.status, self.ms = status, ms
        self.out, self.err = out.decode(), err.decode()
        self.json = json.loads(self.out) if self.out.startswith("{") else None
        self.ports = self.json["ports"] if self.json else []
        self.summary = self.json["summary"] if self.json else {}


def run(*words, stdin=b"", **more):
    env = environment()
    env.pop("NO_COLOR", None)
    env.update(more)
    start = time.monotonic()
    done = subprocess.run([CHECK, *words], input=stdin, env=env, timeout=LIMIT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return Result(done.returncode, done.stdout, done.stderr, (time.monotonic() - start) * 1000)


def look(box, *words, ports=None, host="127.0.0.1", **more):
    """The report as JSON; without credentials unless words give them."""
    return run("--json", "--cafile", box.ca, "--ports", ports or box.port() + "/starttls", *words, host, **more)


SIGN_IN = ("--user", "user", "--password-file", "-")


class Case(unittest.TestCase):
    def expect(self, r, status, **values):
        self.assertEqual(r.status, status, r.out + r.err)
        if values:
            found = {k: r.ports[0].get(k, "") for k in values}
            self.assertEqual(found, values)
        return r


class Good(Case):
    def test_both_modes(self):
        with Sandbox(listen=("a=starttls", "b=implicit")) as box:
            ports = "%s/starttls %s/implicit" % (box.port("a"), box.port("b"))
            r = self.expect(look(box, *SIGN_IN, ports=ports, stdin=b"password\n"), 0,
                            result="good", works="STARTTLS", speaks="SMTP", reachable="yes", fault="",
                            mechanism="SCRAM-SHA-256", auth="ok", size=10485760, address="127.0.0.1",
                            unverified="greeting capabilities.clear", greeting="mail.sandbox.test ESMTP postern-sandbox")
            a, b = r.ports
            self.assertIn("STARTTLS", a["capabilities.clear"])
            self.assertNotIn("AUTH", a["capabilities.clear"])
            self.assertIn("AUTH PLAIN", a["capabilities.tls"])
            self.assertEqual(a["tls.version"], "TLS1.3")
            self.assertTrue(a["tls.cipher"])
            self.assertIn("localhost, ", a["certificate.names"])
            self.assertIn("CN=Postern sandbox", a["certificate.issuer"])
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.assertLess(a["certificate.from"], now)
            self.assertLess(now, a["certificate.until"])
            self.assertRegex(a["certificate.key-sha256"], r"^[A-Za-z0-9+/]{43}=$")
            for key in ("connect", "greeting", "ehlo", "tls", "ehlo-tls", "total"):
                self.assertIn("ms." + key, a)
            self.assertEqual((b["result"], b["works"], b["speaks"]), ("good", "implicit", "TLS"))
            self.assertNotIn("unverified", b)
            self.assertNotIn("auth", b)
            s = r.summary
            self.assertEqual((s["result"], s["port"], s["tls"], s["auth"], s["host"]),
                             ("secure", int(box.port("a")), "STARTTLS", "ok", "127.0.0.1"))
            self.assertEqual(s["url"], "smtp://127.0.0.1:%s?tls=starttls" % box.port("a"))
            self.assertEqual(box.auths(), 1)
            for line in box.commands():
                self.assertRegex(line, r"^(EHLO|STARTTLS|AUTH|QUIT|[A-Za-z0-9+/=]*(\\r\\n)?$)")

    def test_table(self):
        with Sandbox(listen=("a=starttls", "b=implicit")) as box:
            url = "smtp://user:password@localhost?cafile=%s&ports=%s/starttls,%s/implicit" % (
                box.ca, box.port("a"), box.port("b"))
            r = self.expect(run(url), 0)
            lines = r.out.splitlines()
            self.assertEqual(lines[0].split(), ["port", "mode", "result"])
            self.assertRegex(lines[1], r"^%s +STARTTLS +ok +TLS1.3, certificate good until 20\d\d-\d\d-\d\d, "
                             r"SCRAM-SHA-256, \d+ ms$" % box.port("a"))
            self.assertRegex(lines[2], "^%s +implicit +ok +TLS1.3, " % box.port("b"))
            self.assertIn("The sign-in succeeded, on port %s." % box.port("a"), lines)
            self.assertEqual(lines[-1], "smtp://localhost:%s?tls=starttls" % box.port("a"))
            self.assertNotIn("password", r.out + r.err)
            self.assertEqual(r.err, "")
            self.assertIn("certificate.key-sha256", run("--all", url).out)
            self.assertIn("port %s: it has greeted\n" % box.port("a"), run("--progress", url).err)
            self.assertIn("> EHLO", run("--trace", url).err)
            self.assertEqual(run(POSTERN_URL=url).status, 0)
            self.assertNotIn("\033", r.out)

    def test_terminal(self):
        with Sandbox() as box:
            words = [CHECK, "--cafile", box.ca, "--ports", box.port() + "/starttls", "127.0.0.1"]
            for env, colour in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
                master, slave = pty.openpty()
                done = subprocess.Popen(words, stdout=slave, stderr=slave, env={"TERM": "xterm", **env})
                os.close(slave)
                seen = b""
                while True:
                    try:
                        more = os.read(master, 4096)
                    except OSError:
                        break
                    if not more:
                        break
                    seen += more
                os.close(master)
                self.assertEqual(done.wait(), 0)
                self.assertEqual(b"\033[32mok" in seen, colour)
                self.assertIn(b"\rport %s: " % box.port().encode(), seen)

    def test_no_sign_in_is_doubtful(self):
        with Sandbox("--no-auth") as box:
            r = self.expect(look(box), 0, result="doubtful", works="STARTTLS", mechanisms="")
            self.assertIn("no sign-in", r.summary["reason"])

    def test_slow_is_not_silent(self):
        with Sandbox("--delay", "GREETING=4000") as box:
            r = self.expect(look(box), 0, result="good", works="STARTTLS", fault="")
            self.assertLess(r.ms, 6500 * SLOW)


class Modes(Case):
    def test_implicit_where_starttls_is_named(self):
        with Sandbox(listen=("a=implicit",)) as box:
            r = self.expect(look(box, *SIGN_IN, stdin=b"password\n"), 0, tls="STARTTLS", result="doubtful",
                            works="implicit", speaks="TLS", fault="tls-mode-implicit-expected")
            self.assertEqual(r.summary["url"], "smtp://127.0.0.1:%s?tls=implicit" % box.port())
            self.assertIn("tls=implicit", r.ports[0]["advice"])
            self.assertEqual(box.auths(), 1)
            self.assertLess(r.ms, 4500 * SLOW)

    def test_starttls_where_implicit_is_named(self):
        with Sandbox() as box:
            r = self.expect(look(box, *SIGN_IN, ports=box.port() + "/implicit", stdin=b"password\n"), 0,
                            tls="implicit", result="doubtful", works="STARTTLS", speaks="SMTP",
                            fault="tls-mode-starttls-expected")
            self.assertEqual(r.summary["tls"], "STARTTLS")
            self.assertEqual(box.auths(), 1)

    def test_implicit_by_guess(self):
        with Sandbox(listen=("a=implicit",)) as box:
            self.expect(look(box, ports=box.port()), 0, result="good", works="implicit", fault="")

    def test_starttls_stripped(self):
        for mode in ("starttls", "implicit"):
            with Sandbox("--no-starttls", "--plain-auth") as box:
                r = self.expect(look(box, *SIGN_IN, ports=box.port() + "/" + mode, stdin=b"password\n"), 78,
                                result="bad", works="", fault="starttls-missing", mechanisms="")
                self.assertEqual(r.summary["result"], "insecure")
                self.assertNotIn("url", r.summary)
                self.assertEqual(box.auths(), 0)

    def test_no_tls_by_name(self):
        with Sandbox("--plain-auth", listen=("a=none",)) as box:
            r = self.expect(look(box, *SIGN_IN, ports=box.port() + "/none", stdin=b"password\n"), 78,
                            result="doubtful", works="none", auth="ok")
            self.assertEqual(r.summary["result"], "insecure")
            self.assertEqual(box.auths(), 1)


class Certificates(Case):
    def test_kinds(self):
        good = {"good", "intermediate"}
        faults = {"wildcard": "wrong-name", "missing-intermediate": "unknown-authority", "expired": "expired",
                  "not-yet-valid": "not-yet-valid", "wrong-name": "wrong-name", "self-signed": "self-signed",
                  "unknown-authority": "unknown-authority", "not-authority": "invalid", "cn-only": "wrong-name",
                  "partial-wildcard": "wrong-name", "ip-as-dns": "wrong-name", "weak": "weak",
                  "weak-hash": "weak", "wrong-purpose": "wrong-purpose"}
        for mode in ("starttls", "implicit"):
            for kind in good | set(faults):
                with self.subTest(kind=kind, mode=mode), Sandbox("--certificate", kind, listen=("a=" + mode,)) as box:
                    r = look(box, *SIGN_IN, ports=box.port() + "/" + mode, stdin=b"password\n")
                    if kind in good:
                        self.expect(r, 0, result="good", auth="ok")
                        continue
                    fault = "certificate-" + faults[kind]
                    self.expect(r, 78, result="bad", works="", **{"fault": fault, "certificate.fault": fault})
                    p = r.ports[0]
                    self.assertIn("certificate", p["unverified"].split())
                    self.assertTrue(p["certificate.issuer"] and p["certificate.until"])
                    self.assertNotIn("auth", p)
                    self.assertNotIn("mechanisms", p)
                    self.assertEqual(box.auths(), 0)

    def test_in_the_other_mode(self):
        with Sandbox("--certificate", "expired", listen=("a=implicit",)) as box:
            self.expect(look(box, "--timeout", "1"), 78, speaks="TLS", works="", fault="certificate-expired")


class NoRoute(Case):
    def test_silent(self):
        for mode, fault in (("starttls", "greeting-silent"), ("implicit", "tls-timeout")):
            with Sandbox("--silent", listen=("a=" + mode,)) as box:
                r = self.expect(look(box, "--timeout", "1", ports=box.port() + "/" + mode), 69,
                                result="bad", reachable="yes", fault=fault)
                self.assertEqual(r.summary["result"], "none")
                self.assertLess(r.ms, 4000 * SLOW)

    def test_stalled(self):
        with Sandbox("--stalled") as box:
            r = self.expect(look(box, "--timeout", "1"), 69, reachable="no", fault="connect-timeout")
            self.assertLess(r.ms, 2500 * SLOW)

    def test_others(self):
        rows = ((["--blocked"], "connect-refused", 69),
                (["--reply", "GREETING=HTTP/1.1 400 Bad Request\\r\\n\\r\\n"], "greeting-not-smtp", 69),
                (["--reply", "GREETING=554 5.7.1 go away"], "greeting-refused", 69),
                (["--reply", "GREETING=421 4.3.2 later"], "greeting-busy", 69),
                (["--drop", "GREETING"], "greeting-closed", 69),
                (["--drop", "EHLO"], "ehlo-closed", 69),
                (["--drop", "STARTTLS"], "starttls-closed", 69),
                (["--reply", "STARTTLS=454 4.7.0 later"], "starttls-busy", 78),
                (["--inject", "250 hello\\r\\n"], "starttls-injected", 78),
                (["--tls", "1.0-1.1"], "tls-no-common-version", 78),
                (["--reply", "EHLO=502 no"], "ehlo-refused", 69))
        for options, fault, status in rows:
            with self.subTest(fault=fault), Sandbox(*options) as box:
                r = self.expect(look(box), status, result="bad", works="", fault=fault)
                self.assertTrue(r.ports[0]["error"] and r.ports[0]["advice"] and r.summary["recommendation"])

    def test_unverified_words_are_marked_and_harmless(self):
        with Sandbox("--reply", "GREETING=554 \\x1b[31mtrust me") as box:
            words = ("--cafile", box.ca, "--ports", box.port() + "/starttls", "--all", "127.0.0.1")
            out = run(*words).out
            self.assertIn("whoever answered, unverified, said 554 \\x1B[31mtrust me", out)
            self.assertNotIn("\033", out)

    def test_a_dead_port_does_not_hide_a_good_one(self):
        with Sandbox("--on", "a", "--stalled", listen=("a=starttls", "b=implicit")) as box:
            ports = "%s/starttls %s/implicit" % (box.port("a"), box.port("b"))
            r = self.expect(look(box, "--timeout", "1", ports=ports), 0, fault="connect-timeout")
            self.assertEqual(r.summary["port"], int(box.port("b")))
            self.assertLess(r.ports[1]["ms.total"], 800 * SLOW)


class SignIn(Case):
    def test_wrong_password_once(self):
        for listen in (("a=starttls", "b=implicit", "c=starttls"), ("b=implicit", "a=starttls")):
            with Sandbox(listen=listen) as box:
                ports = " ".join("%s/%s" % (box.port(e[0]), e[2:]) for e in listen)
                r = self.expect(look(box, *SIGN_IN, ports=ports, stdin=b"wrong\n"), 77, auth="auth-refused",
                                works={"a": "STARTTLS", "b": "implicit"}[listen[0][0]])
                self.assertEqual(box.auths(), 1)
                self.assertIn("auth.advice", r.summary)
                self.assertIn("sign-in failed", r.summary["reason"])

    def test_not_offered(self):
        with Sandbox("--no-auth") as box:
            self.expect(look(box, *SIGN_IN, stdin=b"password\n"), 78, works="", fault="auth-not-offered")

    def test_no_mechanism_in_common(self):
        with Sandbox("--mechanisms", "XOAUTH2") as box:
            r = self.expect(look(box, *SIGN_IN, stdin=b"password\n"), 78, fault="auth-no-mechanism")
            self.assertIn("XOAUTH2", r.ports[0]["error"])
            self.assertEqual(box.auths(), 0)

    def test_lost(self):
        with Sandbox("--drop", "AUTH") as box:
            self.expect(look(box, *SIGN_IN, stdin=b"password\n"), 77, works="STARTTLS", auth="auth-closed")
            self.assertEqual(box.auths(), 1)


class Shared(Case):
    """The options that postern-send has too."""

    def test_token_command(self):
        with Sandbox("--mechanisms", "OAUTHBEARER", "--token", "user:t0ken") as box:
            for command, status, auth in (("echo t0ken", 0, "ok"), ("echo 0ther", 77, "auth-token-refused"),
                                          ("exit 3", 77, "auth-no-token")):
                r = self.expect(look(box, "--user", "user", "--token-command", command), status, auth=auth)
                self.assertNotIn("t0ken", r.out + r.err)
                self.assertNotIn("0ther", r.out + r.err)
                self.assertEqual("the token command ended with exit status 3" in r.err, command == "exit 3")

    def test_binding(self):
        for options, status, mechanism in (((), 78, ""), (("--mechanisms", "PLAIN,SCRAM-SHA-1-PLUS"), 0,
                                                          "SCRAM-SHA-1-PLUS")):
            with Sandbox(*options) as box:
                r = self.expect(look(box, *SIGN_IN, "--binding", stdin=b"password\n"), status)
                self.assertEqual(r.ports[0].get("mechanism", ""), mechanism)

    def test_pin_from_the_report(self):
        with Sandbox() as box:
            pin = "sha256:" + self.expect(look(box), 0).ports[0]["certificate.key-sha256"]
            self.expect(look(box, "--pin", pin), 0)
            self.expect(look(box, "--pin", "sha256:" + "A" * 43 + "="), 78, fault="certificate-not-pinned")
        with Sandbox("--certificate", "self-signed") as box:
            self.expect(look(box), 78)
            pin = "sha256:" + look(box).ports[0]["certificate.key-sha256"]
            self.expect(look(box, "--pin", pin, "--pin-only"), 0)

    def test_certificate_and_tls(self):
        with Sandbox("--client-certificate", "require", "--tls", "1.2-1.2") as box:
            mine = [os.path.join(box.dir, "mail", name) for name in ("client.pem", "client-key.pem")]
            self.expect(look(box), 78)
            self.expect(look(box, "--cert", mine[0], "--key", mine[1]), 0)
            self.expect(look(box, "--cert", mine[0], "--key", mine[1], "--tls-min", "1.3"), 78)
            self.expect(look(box, "--cert", mine[0], "--key", mine[1], "--staple"), 78)

    def test_proxy(self):
        with Sandbox(listen=("a=starttls", "p=socks5")) as box:
            proxy = "socks5://127.0.0.1:" + box.port("p")
            self.expect(look(box, "--proxy", proxy, "--source", "127.0.0.1"), 0, works="STARTTLS")
            self.expect(look(box, "--proxy", "socks5://127.0.0.1:1"), 69, fault="proxy-unreachable")
            self.expect(look(box, "--source", "192.0.2.1"), 69, fault="source-address-unusable")

    def test_wrong(self):
        for words in (["--token-command", "x"], ["--pin", "x"], ["--pin-only"], ["--key", "x"], ["--cert", "/none"],
                      ["--proxy", "x"], ["--source", "x"], ["--tls-min", "1"], ["--dane"], ["--notify", "never"],
                      ["--tokn-command", "x"], ["--binding=1"],
                      ["--user", "u", "--password-file", "p", "--token-command", "t"]):
            self.expect(run(*words, "localhost"), 64)


class Comparing(Case):
    def report(self, box, directory, *words, ports=None):
        file = os.path.join(directory, "report")
        with open(file, "w") as f:
            f.write(look(box, *words, ports=ports).out)
        return file

    def test_what_differs(self):
        with tempfile.TemporaryDirectory() as d, Sandbox(listen=("a=starttls", "b=implicit")) as box:
            ports = "%s/starttls %s/implicit" % (box.port("a"), box.port("b"))
            file = self.report(box, d, ports=ports)
            words = ["--cafile", box.ca, "--ports", ports, "--compare", file]
            self.assertIn("nothing differs", self.expect(run(*words, "127.0.0.1"), 0).out)
            with open(file) as f:
                text = f.read()
            with open(file, "w") as f:
                f.write(text.replace("TLS1.3", "TLS1.2", 1))
            r = self.expect(run(*words, "127.0.0.1"), 0)
            self.assertIn("port %s STARTTLS: tls.version is TLS1.3 here, TLS1.2 there" % box.port("a"), r.out)
            j = run(*words, "--json", "127.0.0.1").json
            self.assertEqual(len(j["differences"]), 1)
            words[3] = box.port("b") + "/implicit " + box.port("a") + "/implicit"
            self.assertIn("port %s implicit: was not tried there" % box.port("a"), run(*words, "127.0.0.1").out)

    def test_works_here_fails_there(self):
        with tempfile.TemporaryDirectory() as d, Sandbox() as box:
            file = self.report(box, d)
            bad = run("--json", "--ports", box.port() + "/starttls", "127.0.0.1")  # an authority unknown here
            self.assertEqual(bad.status, 78)
            there = os.path.join(d, "there")
            with open(there, "w") as f:
                f.write(bad.out)
            common = ["--ports", box.port() + "/starttls"]
            r = self.expect(run("--cafile", box.ca, *common, "--compare", there, "127.0.0.1"), 0)
            self.assertIn("works here, fails there: the certificate", r.out)
            r = self.expect(run(*common, "--compare", file, "127.0.0.1"), 78)
            self.assertIn("works there, fails here: the certificate", r.out)

    def test_bad_files(self):
        with tempfile.TemporaryDirectory() as d:
            file = os.path.join(d, "report")
            for text in ("", "{", "[]", '{"summary": 1}', '{"summary": {"result": "x"}} x', "[" * 100000):
                with open(file, "w") as f:
                    f.write(text)
                self.assertIn("is not a report", self.expect(run("--compare", file, "127.0.0.1"), 66).err)
            self.expect(run("--compare", os.path.join(d, "none"), "127.0.0.1"), 66)


class Usage(Case):
    def test_usage(self):
        for words in ([], ["a", "b"], ["--jsn", "x"], ["--user", "u", "x"], ["--password-file", "-", "x"],
                      ["--timeout", "0", "x"], ["--timeout", "x", "x"], ["smtp://a:b@c@d"], ["--ports", "0", "x"],
                      ["--auth", "NONSENSE", "x"], ["--cafile", "/nonexistent", "x"], ["--name", "a b", "x"]):
            r = self.expect(run(*words), 64)
            self.assertEqual(r.out, "")
            self.assertIn("Try postern-check --help.", r.err)
        self.assertIn("Exit status", self.expect(run("--help"), 0).out)
        self.assertRegex(self.expect(run("--version"), 0).out, r"^postern-check \d")

    def test_host_not_found(self):
        r = self.expect(run("--timeout", "5", "--json", "no-such-host.invalid"), 68)
        self.assertEqual((r.ports, r.summary["fault"]), ([], "name-not-found"))

    def test_no_secret_is_shown(self):
        with Sandbox() as box:
            url = "smtp://user:hunter2@localhost?cafile=%s&ports=%s/starttls" % (box.ca, box.port())
            for words in ([], ["--json"], ["--all"], ["--trace"]):
                r = self.expect(run(*words, url), 77)
                self.assertNotIn("hunter2", r.out + r.err)

    def test_interrupted(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen(1)
            p = subprocess.Popen([CHECK, "--ports", str(s.getsockname()[1]), "127.0.0.1"], stdout=subprocess.PIPE)
            time.sleep(0.3)
            p.send_signal(signal.SIGINT)
            self.assertEqual(p.communicate()[0], b"")
            self.assertNotEqual(p.returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
