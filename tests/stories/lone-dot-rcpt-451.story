# Pipelined, every recipient was refused, and 354 came all the same: only the dot is sent, and whatever the
# server says to it the mail is refused (RFC 2920 3.1; outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 no\r\n"
expect "DATA"
send "354 go\r\n"
expect "."
send "451 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
