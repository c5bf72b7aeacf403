# A reply line too long ends the connection, in bounded memory (security R-05).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
send "250 " "x"*2043 "\r\n"
outcome PERMANENT/protocol-error
