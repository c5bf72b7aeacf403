# In the content, before the dot: 421 (outcomes 5.2).
client security=clear
client "content=Subject: t\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect "Subject:*"
send "421 bye\r\n"
outcome TRANSIENT/service-closing
