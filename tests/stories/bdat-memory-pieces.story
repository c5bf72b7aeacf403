# The content lies in memory, in two pieces.
# One flight: MAIL, RCPT, BDAT LAST and the content (RFC 3030 2; RFC 2920 3.1).
client security=clear
client memory=9
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
