# DATA, then timeout (outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
never "*"
outcome TRANSIENT/reply-timeout
