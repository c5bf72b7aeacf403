# MAIL is refused, and the server says 250 to BDAT LAST: refused whatever it says (RFC 2920 3.1).
client security=clear
client memory=0
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "550 no\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "250 ok\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/sender-refused
