# A token refused without a word about it, and a fresh one (RFC 7628; security S-12).
client security=starttls
client "login=user hunter2-Secret BEARER"
client "fresh=another-Secret9"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH BEARER\r\n"
expect "AUTH BEARER aHVudGVyMi1TZWNyZXQ="
send "535 5.7.8 no\r\n"
expect "AUTH BEARER YW5vdGhlci1TZWNyZXQ5"
send "235 2.7.0 welcome\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 2.1.0 ok\r\n"
expect "RCPT TO:*"
send "250 2.1.5 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
