# Other controls and 8-bit octets in a text are read, and shown escaped (security R-07).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 \x1b]0;x\x07 \xff\xc3\r\n"
expect "RCPT*"
send "550 \x1b[31m no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
