# The same where the content is not known before: the mail is given up without the dot (security D-10).
client security=clear
client "content=hello\r\nh\xe9\r\n"
client reader=yes
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL FROM:<a@example.org>"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
outcome PERMANENT/needs-8bitmime
