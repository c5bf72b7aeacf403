# In the content, before the dot: timeout with PIPELINING (outcomes 5.2).
client security=clear
client "content=Subject: t\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n0123456789\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect "Subject:*"
stop-read 0
outcome TRANSIENT/reply-timeout
