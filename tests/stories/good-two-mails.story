# Two mails on one connection; no RSET is needed after an accepted one (RFC 5321 4.1.1.4).
client security=clear
client mails=2
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 2.1.0 ok\r\n"
expect "RCPT TO:*"
send "250 2.1.5 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 2.0.0 queued as 4711\r\n"
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
