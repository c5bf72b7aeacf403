# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mutants: each with a name, the mistake, the lines replaced, and the tests that may notice."""

SESSION, TABLE = "lib/smtp/session.c", "lib/smtp/table.c"
MUTANTS = []


def mutant(name, what, tests, *edits):
    MUTANTS.append({"name": name, "what": what, "tests": tests.split(), "edits": edits})


# ---- STARTTLS ----

DEAF = (SESSION, "holds[PTN_IF_LEFTOVER] = s->leftover > 0;", "holds[PTN_IF_LEFTOVER] = 0;")
FEED = "\t\tptn_session_end(s, PTN_FAULT_STARTTLS_INJECTED, NULL);\n\t\treturn len;\n"
LOOP = "while (used < len && !s->ended && !s->event_count) {"

mutant("input-kept", "what came before TLS is read as if it came under TLS", "stories smtp-session e2e-starttls", DEAF,
       (SESSION, FEED, "\t\treturn 0;\n"),
       (SESSION, LOOP, "while (used < len && !s->ended && !s->event_count && !(s->want & PTN_WANT_TLS)) {"))
mutant("input-dropped", "what came before TLS is dropped without a word", "stories smtp-session e2e-starttls", DEAF,
       (SESSION, FEED, "\t\treturn len;\n"),
       (SESSION, LOOP, "while (used < len && !s->ended && !s->event_count) {\n\t\tif (s->want & PTN_WANT_TLS)\n\t\t\treturn len;"))
mutant("offers-kept", "what was offered before TLS still counts", "stories smtp-session",
       (SESSION, "\tptn_capability_clear(&s->capability);\n\tptn_session_want(s, PTN_WANT_TLS);",
        "\tptn_session_want(s, PTN_WANT_TLS);"),
       ("lib/smtp/capability.c", "\tint err = 0;\n\n\tptn_capability_clear(c);", "\tint err = 0;\n"))
mutant("454-in-clear", "STARTTLS refused for now: go on in the clear", "stories smtp-session smtp-table",
       (TABLE, 'ROW(STARTTLS, "4..", ALWAYS,         FAIL(STARTTLS_BUSY),        SEND_QUIT,     "3207 4")',
        'ROW(STARTTLS, "4..", ALWAYS, DO(NOTHING), BE_IDLE, "3207 4")'),
       (SESSION, "int safe = s->secured ||", "int safe = 1 ||"))
mutant("helo-in-clear", "EHLO refused: HELO, though TLS is required", "stories smtp-session smtp-table",
       (TABLE, 'ROW(EHLO,     "50.", PLAIN_OK, ', 'ROW(EHLO,     "50.", ALWAYS, '))

# ---- Certificates ----

VERIFY, IDENTITY = "lib/tls/verify.c", "lib/tls/identity.c"

mutant("chain-unchecked", "the chain is not verified", "tls-verify e2e-certificate",
       (VERIFY, "int rc = gnutls_certificate_verify_peers(s, &purpose, 1, &status);",
        "int rc = 0;\n\n\t(void)purpose;\n\t(void)s;\n\tstatus = 0;"))
mutant("name-unchecked", "the chain is verified, the name is not", "tls-verify e2e-certificate",
       (VERIFY, "\tif (rc == 1)\n\t\treturn good;", "\tif (rc >= 0)\n\t\treturn good;"))
mutant("name-from-dns", "the name that DNS gave is the one that is checked", "discovery link",
       ("lib/link.c", "l->own_name ? l->target : l->set->domain", "l->target"))
mutant("common-name", "the common name counts", "tls-identity tls-verify e2e-certificate",
       (IDENTITY, "\tif (rc == GNUTLS_E_MEMORY_ERROR || (rc >= 0 && !found && list_names",
        "\tfound = found || gnutls_x509_crt_check_hostname(cert, host) != 0;\n"
        "\tif (rc == GNUTLS_E_MEMORY_ERROR || (rc >= 0 && !found && list_names"))
mutant("part-wildcard", "*mail.example.com stands for xmail.example.com", "tls-identity tls-verify",
       (IDENTITY, "if (n > 2 && s[0] == '*' && s[1] == '.')\n\t\treturn count_labels(s + 2, n - 2) >= 2;",
        "if (n > 2 && s[0] == '*')\n\t\treturn 1;"),
       (IDENTITY, "return dot && ptn_text_same(dot, len - (size_t)(dot - host), pattern + 1, pattern_len - 1);",
        "return dot && len >= pattern_len - 1 &&\n\t       ptn_text_same(host + len - (pattern_len - 1), pattern_len - 1, "
        "pattern + 1, pattern_len - 1);"))
mutant("certificate-goes-on", "a bad certificate: try the next port", "policy e2e-certificate",
       ("lib/route/policy.c", "{PTN_FAULT_CERT_EXPIRED, PTN_STOP, 11, 0}", "{PTN_FAULT_CERT_EXPIRED, PTN_GO_ON, 11, 1}"))
mutant("resumed-unverified", "a resumed session's certificate is taken as it is", "tls-resume e2e-resumption",
       ("lib/tls/tls.c", "v = ptn_verify(t->session, &wanted, &shown);",
        "v = gnutls_session_is_resumed(t->session) ? (struct ptn_verdict){0}\n"
        "\t\t\t\t\t\t\t : ptn_verify(t->session, &wanted, &shown);"))

# ---- Signing in ----

AUTH_NO = 'ROW(AUTH,     "5..", ALWAYS,         FAIL(AUTH_REFUSED),         SEND_QUIT,     "4954 6")'

mutant("535-plain", "credentials refused: again with a weaker mechanism", "signin stories e2e-sign_in",
       (TABLE, AUTH_NO, 'ROW(AUTH, "535", ANOTHER, DO(NOTHING), ASK_ANOTHER, "4954 6")\n\t' + AUTH_NO),
       ("lib/sasl/choose.c", " || m->strength < c->least)", ")"))
mutant("235-unproven", "235 counts before the server proved itself", "stories signin e2e-sign_in",
       (TABLE, 'ROW(AUTH,     "235", SASL_OVER,      DO(AUTHENTICATED)', 'ROW(AUTH,     "235", ALWAYS,      DO(AUTHENTICATED)'))
mutant("iterations-few", "no lower bound on SCRAM's iterations", "scram", ("lib/sasl/scram.c", "LEAST_ITERATIONS = 4096", "LEAST_ITERATIONS = 1"))
mutant("iterations-many", "no upper bound on SCRAM's iterations", "scram",
       ("lib/sasl/scram.c", "MOST_ITERATIONS = 1000000", "MOST_ITERATIONS = 4000000000U"))
mutant("step-after-end", "a challenge after the end is answered", "sasl stories",
       ("lib/sasl/sasl.c", "if (s->over || s->steps == MOST_STEPS)", "if (s->steps == MOST_STEPS)"),
       (SESSION, "(unsigned char)(x->over == PTN_AUTH_OVER && !x->is_held)", "0"))
mutant("echo-shown", "a reply that repeats the password is shown", "stories smtp-trace smtp-exchange",
       ("lib/smtp/exchange.c", "if (!s->exchange.auths || !n)", "if (!s->exchange.auths || n)"))
mutant("other-login-reused", "a connection signed in as another is used", "e2e-sign_in e2e-embed configure_auth postern",
       ("lib/configure_auth.c", "char why[WHY], *copy, *secret;\n\tint err = ptn_handle_may_change(p);",
        "char why[WHY], *copy, *secret;\n\tint err = p ? 0 : POSTERN_E_NOMEM;"))

# ---- The mail ----

mutant("envid-unchecked", "ENVID reaches the wire with CR and LF in it", "smtp-command mail_options", 
       ("lib/smtp/command.c", "if (x->envid && !is_printable(x->envid, ENVID_MOST))", "if (0)"),
       ("lib/smtp/command.c", 'err = put_xtext(out, err, " ENVID=", x->envid);',
        'err = ptn_buf_puts(out, " ENVID=") || ptn_buf_puts(out, x->envid) ? POSTERN_E_NOMEM : err;'))
mutant("half-reply", "the connection ends within the reply, and what there is of it counts", "stories e2e-outcome",
       (SESSION, "void ptn_smtp_lost(struct ptn_smtp *s, int fault)\n{\n",
        "static void take_reply(struct ptn_smtp *s);\nvoid ptn_smtp_lost(struct ptn_smtp *s, int fault)\n{\n"
        "\tif (!fault && s->reply.octets > 4 && !s->reply.whole &&\n"
        "\t    ptn_reply_feed(&s->reply, \"\\r\\n\", 2) && s->reply.whole) {\n\t\ttake_reply(s);\n\t\treturn;\n\t}\n"))

# ---- Windows, chunks, several connections ----

TRANSACTION, FLOW, DRIVE_MAILS, DRIVE_LINES = ("lib/" + n + ".c" for n in (
    "smtp/transaction", "smtp/flow", "drive_mails", "drive_lines"))
HEED = "\theed(d, line, ev);\n"
MAIL_NO = "\t\tdecide(s, w, refusal(s), PTN_FAULT_MAIL_REFUSED);\n"

mutant("chunk-refusal-lost", "a chunk is refused: what is said of the last one counts", "smtp-table stories",
       (TABLE, 'ROW(BDAT,     "4..", ALWAYS,         DO(CHUNK_NO)', 'ROW(BDAT,     "4..", ALWAYS,         DO(NOTHING)'),
       (TABLE, 'ROW(BDAT,     "5..", ALWAYS,         DO(CHUNK_NO)', 'ROW(BDAT,     "5..", ALWAYS,         DO(NOTHING)'))
mutant("last-early", "the reply to LAST counts before all of the chunk is out", "smtp-flow",
       (TABLE, '\tROW(LAST,     "2..", CONTENT_OPEN,   DO(NONSENSE),               HANG_UP,       "3030 2")\n', ""))
mutant("window-resent", "the mails of a window that broke go again", "drive",
       (DRIVE_MAILS, HEED, HEED + "\tif (ev->outcome == POSTERN_IN_DOUBT && line->mails.n > 1) {\n"
        "\t\trequeue(d, m);\n\t\treturn;\n\t}\n"))
mutant("refused-uncounted", "the replies to the other commands of a refused mail are not counted", "smtp-window",
       (TRANSACTION, MAIL_NO, MAIL_NO + "\t\twhile (s->head != s->tail &&\n"
        "\t\t       s->work->queue[s->head % PTN_QUEUE_MOST].mail == s->subject)\n\t\t\ts->head++;\n"))
mutant("421-for-all-behind", "421 is taken as the answer to the mails behind it, too", "smtp-window",
       (TRANSACTION, "handed(s, w) && !answered", "handed(s, w) && s->cause != PTN_FAULT_SERVICE_CLOSING"))
mutant("doubt-third", "of the third mail of a window it is not said that it is in doubt", "smtp-window",
       (TRANSACTION, "\treturn handed(s, w) && ", "\treturn handed(s, w) && w != &s->work->mails[2] && "))
mutant("no-reset", "no RSET between the mails of a window", "smtp-flow",
       (TRANSACTION, "\tif (s->dirty)\n\t\tptn_session_send(s, PTN_CMD_RSET);\n\ts->dirty = 1;", "\ts->dirty = 1;"))
mutant("lent-after-end", "a refused mail's content is still read, though it is the caller's again", "smtp-flow",
       (FLOW, "\ts->lent = NULL;\n\ttake_back(s);", "\ttake_back(s);"))
mutant("reader-ends-window", "a reader fails: the mails in front of it get in doubt", "smtp-window",
       (FLOW, "s->open > 1 && fault", "s->open > 99 && fault"))
mutant("given-up-unreset", "what the server holds of a mail that was given up is taken for the next one's", "smtp-window",
       (TRANSACTION, "fault, NULL);\n}\n\nstatic int refusal", "fault, NULL);\n\ts->dirty = 0;\n}\n\nstatic int refusal"))
mutant("sealed-denied", "TLS fails: records that may still leave are not counted", "tls",
       ("lib/tls/tls.c", "return done ? (ptrdiff_t)done : -1;", "return -1;"))
mutant("part-skipped", "the recipients over RCPTMAX share the outcome of the first ones", "drive",
       (DRIVE_MAILS, "(ev->outcome == POSTERN_ACCEPTED || ev->fault == PTN_FAULT_RCPT_REFUSED)",
        "ev->fault == PTN_FAULT_RCPT_REFUSED"))
mutant("further-421-fails-all", "a second connection is refused: so are all mails", "drive",
       (DRIVE_LINES, "\tint others = d->n_lines > 1 || (!line->used && line->further);", "\tint others = 0;"),
       ("lib/drive_route.c", "\tif (d->n_lines || d->further)\n", "\tif (0)\n"))
mutant("rate-ignored", "mails begin as fast as they can", "drive",
       (DRIVE_LINES, "(m->first || ptn_pace_next(&d->pace) <= d->now)", "1"))
mutant("mailmax-ignored", "more mails on a connection than the server takes", "smtp-window drive",
       ("lib/line.c", "(most && l->begun >= most) || ptn_smtp_worn(l->link->smtp);", "most && l->begun >= most;"),
       (TRANSACTION, "PTN_CAP_PIPELINING) || ptn_smtp_worn(s))", "PTN_CAP_PIPELINING))"))
mutant("token-kept", "a token is given back to the heap as it is", "signin",
       ("lib/signin.c", "\tl->policy.secret = l->set->password;\n\tptn_buf_free(&l->signin.token);",
        "\tl->policy.secret = l->set->password;\n\tptn_mem_free(l->signin.token.base);\n"
        "\tl->signin.token = (struct ptn_buf){0};"))
mutant("doubt-hidden", "one part in doubt, another refused: the mail tells of the refusal", "drive",
       ("lib/mail.c", "(m->fault && outcome != POSTERN_IN_DOUBT)", "m->fault"))
mutant("sleeps-over-rate", "nobody is woken when the rate allows the next mail", "drive",
       ("lib/drive.c", "wake = sooner(wake, head->first ? 0 : ptn_pace_next(&d->pace));",
        "wake = sooner(wake, head->first ? 0 : PTN_NEVER);"))
mutant("pipe-spins", "a pipe that has nothing yet is looked at without a pause", "e2e-many",
       (DRIVE_LINES, "PIPE_PAUSE = 20,", "PIPE_PAUSE = 0,"))
