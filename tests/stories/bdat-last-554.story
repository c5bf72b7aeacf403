# BDAT LAST is refused; what the server still holds of the transaction is not known: RSET
# (RFC 3030 2; outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
send "554 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/content-refused
