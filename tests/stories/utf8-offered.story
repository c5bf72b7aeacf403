# SMTPUTF8 is said, and the path goes as it is.
client security=clear
client utf8=yes
client "to=d\xc3\xb6@example.org"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 SMTPUTF8\r\n"
expect "MAIL FROM:<a@example.org> SMTPUTF8"
send "250 ok\r\n"
expect "RCPT TO:<d\xc3\xb6@example.org>"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
