# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's smtplib; the arguments are those of job.h."""

import smtplib
import ssl
import sys

mode, port, ca, message, size, count, recipients, way = sys.argv[1:]
port, size, count, recipients = int(port), int(size), int(count), int(recipients)
with open(message, 'rb') as f:
    text = f.read()
head, body = text.split(b'\r\n\r\n', 1)
text += body * max(0, (size - len(text)) // len(body))
to = [f'recipient{i}@example.com' for i in range(recipients)]
context = ssl.create_default_context(cafile=ca) if mode != 'plain' else None


def connect():
    if mode == 'implicit':
        client = smtplib.SMTP_SSL('localhost', port, 'client.example', context=context)
    else:
        client = smtplib.SMTP('localhost', port, 'client.example')
    if mode == 'starttls':
        client.starttls(context=context)
    if mode != 'plain':
        client.login('user', 'password')
    return client


smtp = connect()
for n in range(count):
    if n and way == 'fresh':
        smtp.quit()
        smtp = connect()
    smtp.sendmail('sender@example.org', to, text)
smtp.quit()
