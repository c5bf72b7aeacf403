# 421 behind the reply to MAIL (RFC 5321 3.8; security R-14).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n421 bye\r\n"
never "DATA"
outcome TRANSIENT/service-closing
