# A reply that is none (RFC 5321 4.2; security R-03).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
send "600 x\r\n"
outcome PERMANENT/protocol-error
