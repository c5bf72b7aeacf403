# A refused mail does not spoil the next one: RSET is in between.
client security=clear
client memory=0
client mails=2
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "550 no\r\n"
expect-bdat
send "503 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
