# After a refused mail comes RSET, and the connection serves the next (RFC 5321 4.1.1.5).
client security=clear
client mails=2
client then=PERMANENT/recipient-refused
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 5.1.1 no such user\r\n"
expect "RSET"
send "250 ok\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 5.1.1 no such user\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
