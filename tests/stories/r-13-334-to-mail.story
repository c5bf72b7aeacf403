# 334 to MAIL makes no sense (RFC 5321 4.3.2; security R-13).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
send "334 eh\r\n"
outcome PERMANENT/protocol-error
