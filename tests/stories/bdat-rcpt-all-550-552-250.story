# Every recipient is refused, and BDAT LAST is answered with 250: the mail is refused whatever that says
# (RFC 2920 3.1; outcomes 5.2).
client security=clear
client memory=0
client "to=b@example.org c@example.org"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "550 a\r\n"
expect "RCPT TO:*"
send "552 b\r\n"
expect-bdat
send "250 ok\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome TRANSIENT/recipient-refused
