# MAIL is refused with all the rest on its way: each reply is read and counted, then RSET
# (RFC 2920 3.1; outcomes 5.2).
client security=clear
client memory=0
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "552 no\r\n"
expect "RCPT TO:*"
send "503 no mail\r\n"
expect-bdat
send "503 no mail\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/sender-refused
