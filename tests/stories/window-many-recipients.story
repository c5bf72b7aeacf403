# A window of mails with two recipients, one of which is refused each time.
client security=clear
client memory=0
client window=3
client mails=3
client "to=b@example.org c@example.org"
client then=PARTIAL
client then=PARTIAL
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect "RCPT TO:*"
expect-bdat
send "250 ok\r\n"
send "550 no\r\n"
send "250 ok\r\n"
send "250 queued\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "550 no\r\n"
send "250 ok\r\n"
send "250 queued\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "550 no\r\n"
send "250 ok\r\n"
send "250 queued\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PARTIAL
