# Content (RFC 5321 4.5.2, 2.3.8; security D-07).
client security=clear
client "content=a\r.\nMAIL FROM:<v@x>\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
outcome PERMANENT/content-bare-cr
