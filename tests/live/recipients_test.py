# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipients: for each, the truth; and what a refusal means for the whole mail."""

import time

from harness import (SENDER, Client, expect, expect_accepted, expect_equal, expect_refused,
                     expect_same, main, message)
from servers import DOMAIN, Aiosmtpd, Exim, Postfix


def at(*names):
    return [f'{name}@{DOMAIN}' for name in names]


def starttls(server):
    return f'{server.ports["starttls"]}/starttls'


def expect_mail(server, sent, *users):
    """sent is in the mailboxes of users, once, and in no other."""
    server.settled()
    for user in ('alice', 'bob', 'carol'):
        if user in users:
            stored = server.boxes.take(user)
            expect_equal(len(stored), 1, f'mails for {user}')
            expect_same(server, stored[0], sent)
        else:
            expect_equal(server.boxes.files(user), [], f'mails for {user}')


def all_accepted(server, client):
    sent = message('for three')
    to = at('alice', 'bob', 'carol')
    result = client.send(sent, to=to, ports=starttls(server))
    expect_accepted(result)
    expect_equal([r['address'] for r in result.json['recipients']], to, 'order of recipients')
    for r in result.json['recipients']:
        expect_equal((r['outcome'], r['code'] // 100), ('accepted', 2), r['address'])
    expect_mail(server, sent, 'alice', 'bob', 'carol')


def one_refused(server, client, place):
    """One of three is unknown, at each place in the list; the others get the mail."""
    names = ['alice', 'carol']
    names.insert(place, 'unknown')
    sent = message(f'unknown at {place}')
    result = client.send(sent, to=at(*names), ports=starttls(server))
    expect_refused(result, 69, 'partial')
    for name in names:
        r = result.recipients()[f'{name}@{DOMAIN}']
        wanted = 'permanent' if name == 'unknown' else 'accepted'
        expect_equal(r['outcome'], wanted, r['address'], result)
    r = result.recipients()[f'unknown@{DOMAIN}']
    expect_equal(r['code'], 550, 'code', result)
    if isinstance(server, Postfix):
        expect_equal(r['status'], '5.1.1', 'status', result)
    expect('nknown' in r['text'] or 'Unrouteable' in r['text'], 'text of the server', result)
    expect_mail(server, sent, 'alice', 'carol')


def refused(server, client, to, status, outcome, code, enhanced):
    sent = message('must not arrive')
    result = client.send(sent, to=at(*to), ports=starttls(server))
    expect_refused(result, status, outcome)
    last = result.json['recipients'][-1]
    expect_equal((last['code'], last['status']), (code, enhanced), 'code and status', result)
    expect_mail(server, sent)


def one_later(server, client):
    sent = message('one later')
    result = client.send(sent, to=at('alice', 'later'), ports=starttls(server))
    expect_refused(result, 69, 'partial')
    expect_equal(result.recipients()[f'later@{DOMAIN}']['outcome'], 'transient', 'outcome', result)
    expect_mail(server, sent, 'alice')


def sender_refused(server, client):
    sent = message('from the wrong one')
    result = client.send(sent, ports=starttls(server), sender=f'forbidden@{DOMAIN}')
    expect_refused(result, 69, 'permanent')
    r = result.json['recipients'][0]
    expect_equal((r['outcome'], r['code'], r['status']), ('permanent', 550, '5.7.1'), 'recipient',
                 result)
    expect_mail(server, sent)


def null_sender(server, client):
    sent = message('a notice')
    result = client.send(sent, ports=starttls(server), sender='')
    expect_accepted(result)
    server.settled()
    stored = server.boxes.take('alice')[0]
    expect(b'\nReturn-Path: <>\n' in b'\n' + stored, stored[:200])
    expect_same(server, stored, sent)


def too_large(server, client):
    sent = message('31 MB', ('x' * 76 + '\n') * 410000)
    start = time.monotonic()
    result = client.send(sent, ports=starttls(server))
    expect_refused(result, 69, 'permanent')
    expect('30000000' in result.out or '5.3.4' in result.out, 'the limit is not told', result)
    expect(time.monotonic() - start < 20, 'slow', result)
    expect_mail(server, sent)


def many(server, client, count):
    """More recipients than fit into one packet, or into one pipelined group."""
    sent = message(f'{count} recipients')
    to = at('alice', *(f'nobody{i}' for i in range(count - 2)), 'carol')
    result = client.send(sent, to=to, ports=starttls(server))
    expect_refused(result, 69, 'partial')
    outcomes = [r['outcome'] for r in result.json['recipients']]
    expect_equal(outcomes, ['accepted'] + ['permanent'] * (count - 2) + ['accepted'], 'outcomes')
    expect_mail(server, sent, 'alice', 'carol')


def hung_up(server, client):
    """Postfix hangs up after 20 refused recipients: then nobody has the mail, and later may do."""
    sent = message('must not arrive')
    to = at('alice', *(f'nobody{i}' for i in range(40)))
    result = client.send(sent, to=to, ports=f'{server.ports["alternate"]}/starttls')
    expect_refused(result, 75, 'transient')
    outcomes = [r['outcome'] for r in result.json['recipients']]
    expect_equal((outcomes[0], outcomes[1], outcomes[-1]), ('transient', 'permanent', 'transient'),
                 'outcomes', result)
    expect_mail(server, sent)


def not_an_address(server, client, address):
    sent = message('must not arrive')
    result = client.send(sent, to=at('alice') + [address], ports=starttls(server))
    expect(result.status in (64, 65), 'exit', result)
    expect_mail(server, sent)


def in_python(server, client):
    """aiosmtpd refuses one of two and keeps what it was given."""
    sent = message('aiosmtpd')
    result = client.send(sent, to=at('nobody', 'bob'), ports=starttls(server))
    expect_refused(result, 69, 'partial')
    expect_equal([(m[0], m[1]) for m in server.mails], [(SENDER, at('bob'))], 'envelopes')
    expect_same(server, server.mails[0][2], sent)


def tests(cases, here, postern_send):
    client = Client(postern_send, here)
    mx, exim = Postfix(here), Exim(here)
    for name, server in (('Postfix', mx), ('Exim', exim)):
        cases.run(f'{name}: three accepted', all_accepted, server, client)
        for place in range(3):
            cases.run(f'{name}: unknown recipient at place {place}', one_refused, server, client,
                      place)
    for to, status, outcome, code, enhanced in (
            (['unknown'], 69, 'permanent', 550, '5.1.1'),
            (['unknown', 'forbidden'], 69, 'permanent', 550, '5.7.1'),
            (['later'], 75, 'transient', 450, '4.2.0'),
            (['later', 'full'], 75, 'transient', 452, '4.2.2')):
        cases.run(f'Postfix: only {" and ".join(to)}', refused, mx, client, to, status, outcome,
                  code, enhanced)
    cases.run('Postfix: one accepted, one later', one_later, mx, client)
    cases.run('Postfix: sender refused', sender_refused, mx, client)
    cases.run('Postfix: null reverse-path', null_sender, mx, client)
    cases.run('Postfix: larger than it takes', too_large, mx, client)
    cases.run('Postfix: 900 recipients', many, mx, client, 900)
    cases.run('Postfix: hangs up among the recipients', hung_up, mx, client)
    for address in ('', 'a b@example.org', 'x@example.org>\r\nRCPT TO:<carol@example.org', '@',
                    'x@' + 'y' * 300):
        cases.run(f'no address: {address!r:.40}', not_an_address, mx, client, address)
    aio = Aiosmtpd(here)
    cases.run('aiosmtpd: one of two refused', in_python, aio, client)
    aio.close()


main(tests)
