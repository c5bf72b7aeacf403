# HELO in place of EHLO (RFC 5321 3.2): a mail without any extension.
client security=clear
greet "220 hi\r\n"
expect "EHLO*"
send "502 what\r\n"
expect "HELO client.example.org"
send "250 PIPELINING\r\n"
expect "MAIL FROM:<a@example.org>"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
