# 8BITMIME is offered, and the content not known before: BODY= is said (security D-10).
client security=clear
client "content=hello\r\nh\xe9\r\n"
client reader=yes
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 8BITMIME\r\n"
expect "MAIL FROM:<a@example.org> BODY=8BITMIME"
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
