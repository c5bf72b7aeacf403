# By the first digit (RFC 5321 4.3.2; security R-04).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "299 x\r\n"
expect "RCPT*"
send "299 x\r\n"
expect "DATA"
send "354 x\r\n"
expect-data
send "299 x\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
