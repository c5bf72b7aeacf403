# A window of mails: the next one leaves without waiting for the last reply, with RSET in between, as the
# last transaction is not known to be over (RFC 2920 3.1, RFC 3030 2).
client security=clear
client memory=0
client window=8
client mails=8
client then=ACCEPTED
client then=ACCEPTED
client then=ACCEPTED
client then=ACCEPTED
client then=ACCEPTED
client then=ACCEPTED
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
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 3\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 4\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 5\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 6\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 7\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
