# RET= (RFC 3461 4.3), offered.
client security=clear
client ret=HDRS
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DSN\r\n"
expect "MAIL FROM:<a@example.org> RET=HDRS"
send "250 ok\r\n"
expect "RCPT TO:<b@example.org>"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
