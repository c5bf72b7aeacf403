# A server that says 503 to the next MAIL although RSET was said: that mail is refused, not lost.
client security=clear
client memory=0
client window=3
client mails=3
client then=PERMANENT/sender-refused
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
send "250 ok\r\n"
send "550 no\r\n"
send "503 no\r\n"
send "250 reset\r\n"
send "503 nested\r\n"
send "503 no\r\n"
send "503 no\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 2\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
