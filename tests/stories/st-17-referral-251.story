# 251 is acceptance; the path named in it is not followed (RFC 5321 3.4; security ST-17).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
never "*evil*"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "251 User not local; will forward to <x@evil>\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
