# The last MAIL of four is refused: RSET, though nothing follows.
client security=clear
client memory=0
client window=4
client mails=4
client then=ACCEPTED
client then=ACCEPTED
client then=TRANSIENT/sender-refused
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
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 2\r\n"
send "250 reset\r\n"
send "450 no\r\n"
send "503 no mail\r\n"
send "503 no mail\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
