# QUIT after an accepted mail, then reset: the mail stays accepted (outcomes 5.2).
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
rst
outcome ACCEPTED
