# Email Analysis Toolkit, others/quit: the reply to QUIT changes nothing.
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 2.1.0 ok\r\n"
expect "RCPT TO:*"
send "250 2.1.5 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "354 text\r\n"
never "*"
outcome ACCEPTED
