# RSET after a refused mail, then the end: the refusal stays (outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 no\r\n"
expect "RSET"
fin
outcome PERMANENT/recipient-refused
