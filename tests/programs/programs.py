#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""postern-send and the examples against postern-sandbox, over real sockets and TLS.

programs.py POSTERN-SEND POSTERN-SANDBOX SEND LOOP MANY TOKEN
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from sandbox import LIMIT, Sandbox, environment

SEND, _, EXAMPLE_SEND, EXAMPLE_LOOP, EXAMPLE_MANY, EXAMPLE_TOKEN = sys.argv[1:7]
MESSAGE = b"From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: test\n\nHello Bob!\n.dot\n"
TO = "bob@example.org"


class Result:
    def __init__(self, status, out, err):
        self.status = status
        self.out = out.decode()
        self.err = err.decode()
        self.json = json.loads(self.out) if self.out.startswith("{") else None


def run(url, *words, message=MESSAGE, **more):
    done = subprocess.run([SEND, *words], input=message, env=environment(url), timeout=LIMIT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    return Result(done.returncode, done.stdout, done.stderr)


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def plain(stored):
    """A stored message with LF, without what the sandbox or the library may have put in front."""
    return stored.replace(b"\r\n", b"\n")


class Case(unittest.TestCase):
    def expect(self, result, status, part=""):
        self.assertEqual(result.status, status, result.err + result.out)
        self.assertIn(part, result.err)
        return result


class Accepted(Case):
    def test_line(self):
        with Sandbox() as box:
            r = self.expect(run(box.url, TO), 0)
            self.assertRegex(r.out, r"^accepted by \S+:%s \(STARTTLS, TLS1\.[23], \S+\) as \S+\n$" % box.port())
            self.assertEqual(r.err, "")
            self.assertTrue(plain(box.messages()[0]).endswith(MESSAGE.split(b"Subject")[1]))

    def test_implicit_tls(self):
        with Sandbox(listen=("a=implicit",)) as box:
            self.assertIn("(implicit, TLS1.", self.expect(run(box.url, TO), 0).out)

    def test_json(self):
        with Sandbox() as box:
            r = self.expect(run(box.url, "--json", TO, "eve@example.org"), 0)
            o = r.json
            self.assertEqual(set(o), {"outcome", "error", "route", "attempts", "recipients", "queue_id",
                                      "message_id"})
            self.assertEqual(o["outcome"], "accepted")
            self.assertIsNone(o["error"])
            self.assertEqual(set(o["route"]), {"host", "address", "port", "tls", "tls_version", "mechanism"})
            self.assertEqual(o["route"]["port"], int(box.port()))
            self.assertEqual(o["route"]["tls"], "STARTTLS")
            self.assertGreaterEqual(len(o["attempts"]), 1)  # localhost may have two addresses
            self.assertIn(None, [a["error"] for a in o["attempts"]])
            self.assertLessEqual({"port", "address", "tls", "ms", "error"}, set(o["attempts"][0]))
            self.assertEqual([x["address"] for x in o["recipients"]], [TO, "eve@example.org"])
            for x in o["recipients"]:
                self.assertEqual(set(x), {"address", "outcome", "code", "status", "text"})
                self.assertEqual(x["outcome"], "accepted")
                self.assertEqual(x["code"] // 100, 2)
            self.assertTrue(o["queue_id"])
            self.assertRegex(o["message_id"], r"^<\S+@\S+>$")
            self.assertEqual(r.err, "")

    def test_recipients_from_the_header_and_bcc(self):
        message = (b"From: ann@example.org\r\nTo: Bob <bob@example.org>,\r\n\t\"E, F\" <e@example.org>\r\n"
                   b"Cc: team: c@example.org, bob@example.org;\r\nBcc: secret@example.org,\r\n d@example.org\r\n"
                   b"Subject: x\r\n\r\nBcc: body\r\n")
        with Sandbox() as box:
            o = self.expect(run(box.url, "-t", "-i", "--json", "last@example.org", message=message), 0).json
            self.assertEqual([x["address"].split("@")[0] for x in o["recipients"]],
                             ["last", "bob", "e", "c", "secret", "d"])
            stored = plain(box.messages()[0])
            self.assertNotIn(b"secret", stored.split(b"Subject:")[1])
            self.assertNotRegex(stored.split(b"\n\n")[0], rb"(?im)^bcc")
            self.assertIn(b"\n\nBcc: body\n", stored)

    def test_sender(self):
        for words, path in ((["-f", "x@example.org"], "x@example.org"), (["--from="], ""),
                            (["--from", "<>"], ""), ([], "ann@example.org")):
            with Sandbox() as box:
                r = self.expect(run(box.url, "--trace", *words, TO), 0)
                self.assertIn("> MAIL FROM:<%s>" % path, r.err)

    def test_file_and_password_file(self):
        with Sandbox() as box, tempfile.TemporaryDirectory() as d:
            file, password = os.path.join(d, "m"), os.path.join(d, "p")
            with open(file, "wb") as f:
                f.write(MESSAGE)
            with open(password, "wb") as f:
                f.write(b"password\r\nsecond line\n")
            url = "smtp://localhost:%s" % box.port()
            common = ["--cafile", box.ca, "--user=user", "--message=" + file, "--server", url, TO]
            self.expect(run(None, "--password-file", password, *common), 0)
            self.expect(run(None, "--password-file", "-", *common, message=b"password"), 0)
            self.expect(run(None, "--password-file", password, "--auth", "PLAIN", "--name=client.example.org",
                            "--timeout", "60", *common), 0)
            self.assertEqual(len(box.messages()), 3)

    def test_second_environment_name(self):
        with Sandbox() as box:
            env = environment(None)
            env["SMTP_URL"] = box.url
            done = subprocess.run([SEND, TO], input=MESSAGE, env=env, stdout=subprocess.PIPE, timeout=LIMIT)
            self.assertEqual(done.returncode, 0)

    def test_trace_masks_the_password(self):
        with Sandbox() as box:
            for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
                r = self.expect(run(box.url, "--trace", "--auth", mechanism, TO), 0, "> EHLO ")
                self.assertIn("< 220", r.err)
                for secret in ("password", "cGFzc3dvcmQ", "AHVzZXIAcGFzc3dvcmQ"):
                    self.assertNotIn(secret, r.err)

    def test_command_line_hides_the_url(self):
        if not os.path.exists("/proc/self/cmdline"):
            self.skipTest("no /proc")
        with Sandbox("--delay", "MAIL=3000") as box:
            p = subprocess.Popen([SEND, "--server", box.url, TO], stdin=subprocess.PIPE, env=environment(None),
                                 stdout=subprocess.DEVNULL)
            p.stdin.write(MESSAGE)
            p.stdin.close()
            time.sleep(1)
            with open("/proc/%d/cmdline" % p.pid, "rb") as f:
                line = f.read()
            self.assertEqual(p.wait(LIMIT), 0)
            self.assertIn(b"--server", line)
            self.assertNotIn(b"password", line)

    def test_closed_standard_output(self):
        with Sandbox() as box:
            for words in ([], ["--json"]):
                ends = os.pipe()
                os.close(ends[0])
                done = subprocess.run([SEND, *words, TO], input=MESSAGE, env=environment(box.url),
                                      stdout=ends[1], timeout=LIMIT)
                os.close(ends[1])
                self.assertEqual(done.returncode, 0)

    def test_slow_pipe(self):
        with Sandbox() as box:
            p = subprocess.Popen([SEND, "--json", TO], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 env=environment(box.url))
            for part in (b"From: ann@example.org\n", b"\none\n", b"two\n", b"three\n"):
                p.stdin.write(part)
                p.stdin.flush()
                time.sleep(0.3)
            out, _ = p.communicate(timeout=LIMIT)
            self.assertEqual((p.returncode, json.loads(out)["outcome"]), (0, "accepted"))
            self.assertTrue(plain(box.messages()[0]).endswith(b"\none\ntwo\nthree\n"))

    def test_progress(self):
        with Sandbox() as box:
            self.assertRegex(self.expect(run(box.url, "--progress", TO), 0).err, r"(?m)^\d+ octets$")
            big = MESSAGE + b"0123456789\n" * 200000
            self.assertRegex(self.expect(run(box.url, "--progress", TO, message=big), 0).err,
                             r"(?m)^2\.\d MiB$")
            self.assertEqual(self.expect(run(box.url, TO, message=big), 0).err, "")

    def test_port_list(self):
        with Sandbox() as box:
            r = run(None, "--server", "smtp://user:password@localhost", "--ports",
                    "%d/starttls %s/starttls" % (closed_port(), box.port()), "--cafile", box.ca, "--json", TO)
            self.expect(r, 0)
            for a in r.json["attempts"]:
                self.assertTrue(a["error"] or a["port"] == int(box.port()))
            self.assertEqual(r.json["route"]["port"], int(box.port()))
            self.assertEqual(len({a["port"] for a in r.json["attempts"]}), 2)


def trace(result, start):
    """The lines of a trace that begin so."""
    return [line[2:] for line in result.err.splitlines() if line.startswith("> " + start)]


def server(box, *parameters):
    """Without credentials."""
    return "&".join([box.url.replace("user:password@", ""), *parameters])


class Tokens(Case):
    BOX = ("--mechanisms", "OAUTHBEARER,XOAUTH2", "--token", "user:t0ken")

    def send(self, box, command, *words):
        return run(server(box), "--json", "--user", "user", "--token-command", command, *words, TO)

    def test_from_a_command(self):
        with Sandbox(*self.BOX) as box:
            for command in ("echo t0ken", "printf 't0ken\\r\\nuser: x\\n'", "cat; echo t0ken"):
                r = self.expect(self.send(box, command, "--trace"), 0)
                self.assertEqual(r.json["route"]["mechanism"], "OAUTHBEARER")
                self.assertNotIn("t0ken", r.err)
            self.expect(self.send(box, "echo t0ken", "--auth", "XOAUTH2"), 0)
            self.assertEqual(len(box.messages()), 4)
            self.assertIn(b"Hello Bob!", box.messages()[0])  # the command did not read it

    def test_asked_once_more_after_a_refusal(self):
        with tempfile.TemporaryDirectory() as d:
            calls = os.path.join(d, "calls")
            fresh = "echo x$POSTERN_TOKEN_REFUSED >> %s; echo t0ken$(wc -l < %s)" % (calls, calls)
            for tokens, status, error in ((("user:t0ken2",), 0, None), (("user:t0ken9",), 77, "auth-token-refused")):
                with Sandbox("--mechanisms", "OAUTHBEARER", "--token", *tokens) as box:
                    r = self.expect(self.send(box, fresh), status)
                    self.assertEqual(r.json["error"] and r.json["error"]["id"], error)
                    with open(calls) as f:
                        self.assertEqual(f.read(), "x\nx1\n")
                    os.unlink(calls)
                    self.assertNotIn("t0ken", r.err + r.out)

    def test_no_token(self):
        with Sandbox(*self.BOX) as box:
            for command, part in (("echo t0ken; exit 3", "the token command ended with exit status 3"),
                                  ("kill -9 $$", "signal 9"), ("true", "first line is empty"),
                                  ("no-such-command-at-all 2>/dev/null", "exit status 127")):
                r = self.expect(self.send(box, command), 75, part)
                self.assertEqual(r.json["error"]["id"], "auth-no-token")
                self.assertIn(part, r.json["error"]["text"])
            began = time.monotonic()
            self.expect(self.send(box, "exec sleep 60", "--timeout", "1"), 75, "longer than --timeout")
            self.assertLess(time.monotonic() - began, 20)
            self.assertEqual((box.auths(), box.messages()), (0, []))

    def test_example(self):
        with Sandbox(*self.BOX) as box:
            for command, status in (("echo t0ken", 0), ("echo other", 1), ("false", 1)):
                done = subprocess.run([EXAMPLE_TOKEN, server(box), "user", command], timeout=LIMIT,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(b"signed in by OAUTHBEARER" in done.stdout, status == 0)
                self.assertEqual(b"the token was refused" in done.stderr, command == "echo other")
        self.assertEqual(subprocess.run([EXAMPLE_TOKEN], stderr=subprocess.PIPE).returncode, 64)


class Ways(Case):
    """How the service is reached, and what TLS must be like."""

    def test_binding(self):
        with Sandbox("--mechanisms", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256") as box:
            o = self.expect(run(box.url, "--binding", "--json", TO), 0).json
            self.assertEqual(o["route"]["mechanism"], "SCRAM-SHA-256-PLUS")
        with Sandbox() as box:
            o = self.expect(run(box.url, "--binding", "--json", TO), 78).json
            self.assertEqual(o["error"]["id"], "auth-no-channel-binding")

    def pin(self, box):
        """Of the server's key, as another program finds it."""
        key = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", "127.0.0.1:" + box.port()],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for words in (["x509", "-pubkey", "-noout"], ["pkey", "-pubin", "-outform", "DER"],
                      ["dgst", "-sha256", "-binary"], ["base64"]):
            key = subprocess.run(["openssl", *words], input=key, stdout=subprocess.PIPE, check=True).stdout
        return "sha256:" + key.decode().strip()

    def test_pins(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl")
        other = "sha256:" + "A" * 43 + "="
        with Sandbox() as box:
            pin = self.pin(box)
            self.expect(run(box.url, "--pin", pin, TO), 0)
            self.expect(run(box.url, "--pin", other + "," + pin, TO), 0)
            for words in (["--pin", other], ["--pin", other, "--pin-only"]):
                o = self.expect(run(box.url, *words, "--json", TO), 78).json
                self.assertEqual(o["error"]["id"], "certificate-not-pinned")
            self.assertEqual(len(box.messages()), 2)
        with Sandbox("--certificate", "self-signed") as box:
            pin = self.pin(box)
            self.expect(run(box.url, "--pin", pin, "--pin-only", TO), 0)
            self.expect(run(box.url, "--pin", pin, TO), 78)

    def test_client_certificate(self):
        with Sandbox("--client-certificate", "require", "--mechanisms", "EXTERNAL") as box, \
                tempfile.TemporaryDirectory() as d:
            mail = os.path.join(box.dir, "mail")
            cert, key, secret, word = (os.path.join(mail, "client.pem"), os.path.join(mail, "client-key.pem"),
                                       os.path.join(mail, "client-key-secret.pem"), os.path.join(d, "word"))
            with open(word, "w") as f:
                f.write("sandbox\n")
            external = ("--auth", "EXTERNAL", "--json", TO)
            o = self.expect(run(server(box), "--cert", cert, "--key", key, *external), 0).json
            self.assertEqual(o["route"]["mechanism"], "EXTERNAL")
            self.expect(run(server(box), "--cert", cert, "--key", secret, "--key-password-file", word, *external), 0)
            both = os.path.join(d, "both")
            with open(both, "wb") as f:
                for part in (cert, key):
                    with open(part, "rb") as g:
                        f.write(g.read())
            self.expect(run(server(box), "--cert", both, *external), 0)
            self.expect(run(server(box), "--cert", cert, "--key", secret, *external), 78, "certificate")
            self.expect(run(server(box), "--cert", os.path.join(d, "none"), *external), 78, "certificate")
            self.expect(run(server(box), "--cert", cert, "--key-password-file", os.path.join(d, "none"), *external), 66)
            o = self.expect(run(box.url, "--json", TO), 78).json
            self.assertEqual(o["error"]["id"], "tls-certificate-wanted")
            self.assertEqual(len(box.messages()), 3)

    def test_tls_minimum_and_staple(self):
        with Sandbox("--tls", "1.2-1.2") as box:
            self.expect(run(box.url, "--tls-min", "1.2", TO), 0)
            self.expect(run(box.url, "--tls-min", "1.3", TO), 78)
        for kind, status in (("good", 0), ("none", 78), ("revoked", 78)):
            with Sandbox("--staple", kind) as box:
                self.expect(run(box.url, "--staple", TO), status)

    def test_proxy_and_source(self):
        for mode, scheme in (("socks5", "socks5"), ("http-proxy", "http")):
            with Sandbox("--proxy-user", "jo:s3cret", listen=("a=starttls", "p=" + mode)) as box:
                url = re.sub("ports=[^&]*", "ports=%s/starttls" % box.port(), box.url)
                proxy = scheme + "://%s127.0.0.1:" + box.port("p")
                self.expect(run(url, "--proxy", proxy % "jo:s3cret@", "--source", "127.0.0.1", TO), 0)
                r = self.expect(run(url, "--proxy", proxy % "jo:wr0ng@", "--json", TO), 77)
                self.assertEqual(r.json["error"]["id"], "proxy-auth-refused")
                self.assertNotIn("wr0ng", r.err + r.out)
        o = self.expect(run("smtp://localhost:1", "--source", "192.0.2.1", "--json", TO), 78).json
        self.assertEqual(o["error"]["id"], "source-address-unusable")

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "socket")
            with Sandbox("--unix", path, "--open") as box:
                self.assertRegex(self.expect(run("unix:" + path, TO), 0).out, r"^accepted by %s \(no TLS\) as " % path)
                route = self.expect(run(None, "--server", "unix:" + path, "--json", TO), 0).json["route"]
                self.assertEqual((route["host"], route["port"], route["tls"]), (path, 0, "none"))
                self.assertEqual(len(box.messages()), 2)
            self.expect(run("unix:" + path, TO), 75, "  tried socket (none)")

    def test_bad_values(self):
        for words, status in ((["--pin", "sha256:x"], 78), (["--pin="], 78), (["--cert", "/nonexistent"], 78),
                              (["--tls-min", "1.1"], 78), (["--proxy", "ftp://x"], 78), (["--source", "here"], 78),
                              (["--no-extension", "STARTTLS"], 64), (["--no-extension", "CHUNKING NONE"], 64)):
            r = self.expect(run("smtp://localhost:1", *words, "--json", TO), status)
            self.assertEqual(r.json["outcome"], "permanent")
        for option in ("--token-command", "--proxy", "--source", "--pin", "--cert", "--key", "--key-password-file",
                       "--tls-min", "--no-extension", "--notify", "--dsn-return", "--envid", "--deliver-by",
                       "--hold-for", "--hold-until", "--priority", "--submitter"):
            self.expect(run("smtp://localhost:1", TO, option), 64, option + " needs a value")
            self.expect(run("smtp://localhost:1", option + "z", "x", TO), 64, "did you mean %s?" % option)
        for option in ("--binding", "--pin-only", "--staple", "--dane", "--binary", "--require-tls"):
            self.expect(run("smtp://localhost:1", option + "=1", TO), 64, option + " takes no value")
            self.expect(run("smtp://localhost:1", option + "x", TO), 64, "did you mean %s?" % option)
        r = self.expect(run("smtp://localhost:1", "--proxy", "socks5://a:s3cret@", TO), 78)
        self.assertNotIn("s3cret", r.err)

    def test_dane_needs_discovery(self):
        self.expect(run("smtp://localhost:1", "--dane", TO), 64, "discover=")
        r = run("smtp://postern.invalid?discover=1", "--dane", "--timeout", "30", TO)
        self.assertIn(r.status, (68, 75), r.err)  # no such service, or no DNS


class Extensions(Case):
    ALL = ("--with", "BINARYMIME,REQUIRETLS,DELIVERBY,FUTURERELEASE,MT-PRIORITY")

    def test_asked_for(self):
        rows = ((["--notify", "never"], "RCPT", "NOTIFY=NEVER"),
                (["--notify", "success,delay"], "RCPT", "NOTIFY=SUCCESS,DELAY"),
                (["--dsn-return", "HDRS", "--envid", "Q+1"], "MAIL", "RET=HDRS ENVID=Q+2B1"),
                (["--dsn-return=full"], "MAIL", "RET=FULL"), (["--require-tls"], "MAIL", "REQUIRETLS"),
                (["--deliver-by", "3600"], "MAIL", "BY=3600;R"), (["--deliver-by=60/NT"], "MAIL", "BY=60;NT"),
                (["--hold-for", "90"], "MAIL", "HOLDFOR=90"),
                (["--hold-until", "2099-01-02T03:04:05Z"], "MAIL", "HOLDUNTIL=2099-01-02T03:04:05Z"),
                (["--priority", "-4"], "MAIL", "MT-PRIORITY=-4"),
                (["--submitter", "eve@example.org"], "MAIL", "AUTH=eve@example.org"),
                (["--submitter="], "MAIL", "AUTH=<>"), (["--submitter", "<>"], "MAIL", "AUTH=<>"),
                (["--binary"], "MAIL", "BODY=BINARYMIME"))
        with Sandbox(*self.ALL) as box:
            for words, command, part in rows:
                with self.subTest(words):
                    r = self.expect(run(box.url, "--trace", *words, TO, "eve@example.org"), 0)
                    lines = trace(r, command)
                    self.assertEqual(len(lines), 2 if command == "RCPT" else 1)
                    for line in lines:
                        self.assertIn(" " + part, line)
        plain = ("--without", "DSN,AUTH", "--open")
        for words, _, part in rows:
            with self.subTest(words), Sandbox(*plain) as box:
                o = self.expect(run(server(box), "--json", *words, TO), 69).json
                self.assertEqual(o["error"]["id"], "needs-extension")
                self.assertEqual(box.messages(), [])

    def test_bad_values(self):
        for words, status in ((["--notify", "never,delay"], 64), (["--notify", "now"], 64), (["--envid", "a\tb"], 64),
                              (["--envid="], 64), (["--dsn-return", "SOME"], 64), (["--deliver-by", "0"], 64),
                              (["--deliver-by", "9/Q"], 64), (["--hold-for", "1h"], 64),
                              (["--hold-until", "tomorrow"], 64), (["--hold-for=1", "--hold-until=x"], 64),
                              (["--priority", "10"], 64), (["--submitter", "nobody"], 65)):
            r = self.expect(run("smtp://localhost:1", "--json", *words, TO), status)
            self.assertTrue(r.json["error"]["text"])

    def test_switched_off(self):
        with Sandbox() as box:
            for words, data, size in (([], 0, 1), (["--no-extension", "CHUNKING"], 1, 1),
                                      (["--no-extension", "chunking, SIZE"], 1, 0)):
                with tempfile.NamedTemporaryFile() as f:
                    f.write(MESSAGE)
                    f.flush()
                    r = self.expect(run(box.url, "--trace", "--message", f.name, *words, TO), 0)
                self.assertEqual(len(trace(r, "DATA")), data)
                self.assertEqual(" SIZE=" in trace(r, "MAIL")[0], bool(size))

    def test_size_of_files(self):
        """Known, and refused before MAIL, where the content is a regular file that is sent as it is."""
        long = MESSAGE + b"0123456789\n" * 20000
        with Sandbox("--size", "100000") as box, tempfile.TemporaryDirectory() as d:
            file = os.path.join(d, "m")
            for content, words in ((long, []), (b"Bcc: x@example.org\n" + long, []), (long, ["--progress"])):
                with open(file, "wb") as f:
                    f.write(content)
                with open(file, "rb") as f:
                    known = content is long and not words and os.path.exists("/dev/fd/0")
                    error = "message-too-large" if known else "message-too-large-refused"
                    for more in (["--message", file], []):
                        done = subprocess.run([SEND, "--json", *words, *more, TO], env=environment(box.url), stdin=f,
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
                        f.seek(0)
                        self.assertEqual(done.returncode, 69)
                        self.assertEqual(json.loads(done.stdout)["error"]["id"], error)
            with open(file, "wb") as f:
                f.write(b"not of the message\n" + MESSAGE)
            with open(file, "rb", buffering=0) as f:  # standard input that stands further on
                f.read(19)
                done = subprocess.run([SEND, TO], env=environment(box.url), stdin=f, stdout=subprocess.PIPE,
                                      timeout=LIMIT)
                self.assertEqual(done.returncode, 0)
            self.assertNotIn(b"not of the message", box.messages()[0])


class Refused(Case):
    def test_usage(self):
        for words, part in ((["--sever", "x", TO], "did you mean --server?"), ([], "no recipient"),
                            (["--timeout", "soon", TO], "--timeout"), (["-x"], "no option -x"),
                            (["--user", "ann", TO], "--password-file"), (["--from"], "needs a value"),
                            (["--password", "x", TO], "did you mean --password-file?")):
            self.expect(run("smtp://localhost", *words), 64, part)
            o = self.expect(run("smtp://localhost", *words, "--json") if words != ["--from"] else
                            run("smtp://localhost", "--json", *words), 64, part).json
            self.assertEqual(o["error"]["id"], "usage")
        self.expect(run("smtp://localhost", "-t", message=b"From: a@example.org\n\nx\n"), 64, "no recipient")

    def test_help_and_version(self):
        self.assertIn("--password-file", self.expect(run(None, "--help"), 0).out)
        self.assertRegex(self.expect(run(None, "--version"), 0).out, r"^postern-send \d+\.\d+\.\d+ ")

    def test_configuration(self):
        self.expect(run(None, TO), 78, "POSTERN_URL")
        for words in (["--server", "smtp://localhost:99999"], ["--server", "http://localhost"],
                      ["--server", "smtp://u:p@ss@localhost"], ["--ports", "587x"], ["--cafile", "/nonexistent"],
                      ["--auth", "ROT13"], ["--name", "two words"]):
            o = self.expect(run("smtp://localhost", *words, "--json", TO), 78).json
            self.assertEqual(o["outcome"], "permanent", words)
            self.assertTrue(o["error"]["text"])

    def test_message(self):
        for message, words, part in (
                (b"", [TO], "the message is empty"), (b"Hello\n", [TO], "line 1"),
                (b"To: bob@example.org\n\nx\n", ["-t"], "no From"),
                (b"From: ann@example.org\nTo: <bob\n\nx\n", ["-t"], "To (line 2)"),
                (b"From: ann@example.org\nCc: bob@-.example\n\nx\n", ["-t"], "Cc: "),
                (b"From: ann@-.example\n\nx\n", [TO], "From: "),
                (MESSAGE, ["bob"], "bob"), (MESSAGE, ["bob@exa mple.org"], "bob"),
                (MESSAGE, ["bob@-.example"], "bob@-.example"), (MESSAGE, ["-f", "no address", TO], "")):
            self.expect(run("smtp://localhost:1", *words, message=message), 65, part)
        with Sandbox() as box:
            for message in (MESSAGE + b"a\0b\n", MESSAGE + b"a\rb\n", MESSAGE + b"x" * 999 + b"\n"):
                self.expect(run(box.url, TO, message=message), 65)
            self.assertEqual(box.messages(), [])

    def test_input(self):
        with tempfile.TemporaryDirectory() as d:
            for words in (["--message", d], ["--message", os.path.join(d, "none")],
                          ["--user=u", "--password-file", os.path.join(d, "none")],
                          ["--user=u", "--password-file", d]):
                self.expect(run("smtp://localhost:1", *words, TO), 66, d)
            empty = os.path.join(d, "empty")
            open(empty, "w").close()
            self.expect(run("smtp://localhost:1", "--message", empty, TO), 65, "empty")
            self.expect(run("smtp://localhost:1", "--user=u", "--password-file", empty, TO), 66, "empty")

    def test_host_not_found(self):
        r = run("smtp://u:p@nowhere.postern.invalid", "--json", "--timeout", "30", TO)
        self.assertIn(r.status, (68, 75), r.err)
        self.assertEqual(r.json["error"]["id"], {68: "name-not-found", 75: r.json["error"]["id"]}[r.status])
        self.assertIn(r.json["error"]["id"], ("name-not-found", "name-no-answer", "time-limit"))

    def test_nothing_listens(self):
        r = self.expect(run("smtp://u:p@127.0.0.1:%d" % closed_port(), TO), 75, "  tried ")
        self.assertEqual(r.out, "")

    def test_refusals(self):
        for options, status, error in (
                (["--without", "CHUNKING", "--reply", "DATA=451 4.3.0 later"], 75, "service-busy"),
                (["--reply", "DOT=452 4.2.2 full"], 75, "mailbox-full"),
                (["--reply", "DOT=554 5.7.1 spam"], 69, "content-refused"),
                (["--reply", "MAIL=550 5.7.1 not you"], 69, "sender-not-allowed"),
                (["--reply", "MAIL=530 5.7.0 Authentication required"], 77, "auth-required"),
                (["--refuse-recipient", "*"], 69, "recipient-refused"),
                (["--refuse-recipient", "*=450 4.2.1 greylisted"], 75, "greylisted"),
                (["--reply", "GREETING=421 busy"], 75, "greeting-busy"),
                (["--reply", "GREETING=554 no service"], 69, "greeting-refused"),
                (["--without", "CHUNKING", "--reply", "MAIL=what?"], 76, "protocol-error"),
                (["--reply", "MAIL=what?"], 74, "protocol-error-after-content"),
                (["--reply", "GREETING=HTTP/1.1 400 Bad Request"], 76, "greeting-not-smtp"),
                (["--no-starttls"], 78, "starttls-missing"),
                (["--inject", "250 injected\\r\\n"], 78, "starttls-injected"),
                (["--without", "CHUNKING", "--drop", "DATA"], 75, "connection-lost"),
                (["--drop", "DOT"], 74, "lost-after-content"),
                (["--reply", "DOT=what?"], 74, "protocol-error-after-content"),
                (["--certificate", "expired"], 78, "certificate-expired"),
                (["--size", "50"], 69, "message-too-large-refused")):
            with self.subTest(options), Sandbox(*options) as box:
                r = self.expect(run(box.url, "--json", TO), status)
                self.assertEqual(r.json["error"]["id"], error)
                self.assertTrue(r.json["error"]["text"])
                self.assertNotEqual(r.json["outcome"], "accepted")
                if status == 74:
                    self.assertEqual(r.json["outcome"], "in-doubt")
                    self.assertRegex(r.json["message_id"], "^<.*>$")

    def test_partial(self):
        with Sandbox("--refuse-recipient", "eve@*") as box:
            r = self.expect(run(box.url, TO, "eve@example.org"), 69, "1 of 2")
            self.assertRegex(r.err, r"eve@example.org: refused for good \(550 5\.1\.1 ")
            o = self.expect(run(box.url, "--json", TO, "eve@example.org"), 69).json
            self.assertEqual(o["outcome"], "partial")
            self.assertEqual([x["outcome"] for x in o["recipients"]], ["accepted", "permanent"])
            self.assertEqual(o["recipients"][1]["status"], "5.1.1")
            self.assertTrue(o["queue_id"])

    def test_credentials(self):
        with Sandbox() as box:
            for login in ("user:wrong", "nobody:password"):
                url = box.url.replace("user:password", login)
                self.assertNotEqual(url, box.url)
                r = self.expect(run(url, TO), 77)
                self.assertNotIn("wrong", r.err)
            self.assertEqual(box.messages(), [])

    def test_certificate(self):
        with Sandbox() as box:
            url = re.sub("&cafile=.*", "", box.url)
            self.assertNotEqual(url, box.url)
            o = self.expect(run(url, "--json", TO), 78).json
            self.assertRegex(o["error"]["id"], "^certificate-|^trust-")
            self.assertEqual(box.messages(), [])

    def test_time_limit(self):
        with Sandbox("--silent") as box:
            began = time.monotonic()
            self.expect(run(box.url, "--timeout", "1", TO), 75)
            self.assertLess(time.monotonic() - began, 10)

    def test_control_characters_of_the_server(self):
        with Sandbox("--reply", "MAIL=550 \\x1b[2J\"\\xff\\\\") as box:
            r = self.expect(run(box.url, TO), 69)
            self.assertNotIn("\x1b", r.err)
            self.expect(run(box.url, "--json", TO), 69)  # is valid JSON


class Stopped(Case):
    def start(self, box, *words):
        return subprocess.Popen([SEND, "--json", *words, TO], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment(box.url))

    def test_after_the_content(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Sandbox("--delay", "DOT=60000") as box:
                p = self.start(box)
                p.stdin.write(MESSAGE)
                p.stdin.close()
                p.stdin = None
                time.sleep(1.5)
                p.send_signal(number)
                out, err = p.communicate(timeout=LIMIT)
                self.assertEqual(p.returncode, 74, err)
                self.assertEqual(json.loads(out)["error"]["id"], "cancelled-after-content")

    def test_before_the_end_of_the_content(self):
        with Sandbox() as box:
            p = self.start(box)
            p.stdin.write(MESSAGE)
            p.stdin.flush()
            time.sleep(1.5)
            p.send_signal(signal.SIGINT)
            out, err = p.communicate(timeout=LIMIT)
            self.assertEqual(p.returncode, 75, err)
            self.assertEqual(json.loads(out)["error"]["id"], "cancelled")
            self.assertEqual(box.messages(), [])


class Large(Case):
    def test_memory_is_constant(self):
        octets = 200 * 1000 * 1000
        line = b"0123456789" * 9 + b"abcdefgh\n"
        with Sandbox("--size", "0") as box, tempfile.TemporaryDirectory() as d:
            file = os.path.join(d, "large")
            with open(file, "wb") as f:
                f.write(b"From: ann@example.org\n\n")
                block = line * 10000
                for _ in range(octets // len(block)):
                    f.write(block)
            p = subprocess.Popen([SEND, "--message", file, TO], env=environment(box.url),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            out = p.stdout.read()
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            p.stdout.close()
            self.assertEqual(p.returncode, 0, out)
            if os.environ.get("SANITIZED", "none") == "none":
                self.assertLess(usage.ru_maxrss, 24 * 1024)
            stored = box.stored()
            self.assertEqual(len(stored), 1)
            self.assertGreater(os.path.getsize(stored[0]), octets)


class Examples(Case):
    def test_send_and_loop(self):
        with Sandbox() as box:
            for program in (EXAMPLE_SEND, EXAMPLE_LOOP):
                for words, url in (([box.url], None), ([], box.url)):
                    done = subprocess.run([program, *words], env=environment(url), timeout=LIMIT,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertRegex(done.stdout, rb"^accepted as \S+\n$")
            self.assertEqual(len(box.messages()), 4)

    def test_refusal(self):
        with Sandbox("--reply", "DOT=554 5.7.1 spam") as box:
            for program in (EXAMPLE_SEND, EXAMPLE_LOOP):
                done = subprocess.run([program, box.url], timeout=LIMIT, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 1)
                self.assertTrue(done.stderr.startswith(b"permanent: "), done.stderr)
        for program in (EXAMPLE_SEND, EXAMPLE_LOOP):
            done = subprocess.run([program], env=environment(None), timeout=LIMIT, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertNotEqual(done.stderr.strip(), b"")

    def test_many(self):
        with Sandbox() as box:
            done = subprocess.run([EXAMPLE_MANY, box.url, "ann@example.org", TO, "200", "--memory"],
                                  timeout=LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out = done.stdout.decode()
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn("accepted 200, not accepted 0", out)
            self.assertIn("100 of 200\n", out)
            self.assertEqual(len(re.findall(r"VmRSS:\s+\d+ kB", out)), 2)
            stored = box.messages()
            ids = {re.search(rb"(?i)message-id: (\S+)", m).group(1) for m in stored}
            self.assertEqual((len(stored), len(ids)), (200, 200))

    def test_many_refused(self):
        with Sandbox("--refuse-recipient", "*") as box:
            done = subprocess.run([EXAMPLE_MANY, box.url, "ann@example.org", TO, "50"], timeout=LIMIT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"accepted 0, not accepted 50", done.stdout)
        done = subprocess.run([EXAMPLE_MANY, "x"], stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 64)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[7:]], verbosity=2)
