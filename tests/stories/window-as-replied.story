# The same, each reply as soon as it can be said.
client security=clear
client memory=0
client window=4
client mails=4
client then=ACCEPTED
client then=ACCEPTED
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
expect "RSET"
send "250 ok\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
expect "RSET"
send "250 ok\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
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
outcome ACCEPTED
