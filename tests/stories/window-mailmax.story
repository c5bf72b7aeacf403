# MAILMAX=2 (RFC 9422): the third mail waits, and may be refused.
client security=clear
client memory=0
client window=8
client mails=3
client then=ACCEPTED
client then=TRANSIENT/sender-refused
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=2\r\n"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 0\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 1\r\n"
expect "MAIL*"
expect "RCPT*"
expect-bdat
send "451 too many\r\n"
send "503 no\r\n"
send "503 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
