# SIZE= and BODY= are said where they are offered (RFC 1870, RFC 6152).
client security=clear
client "content=Subject: t\r\n\r\nh\xe9\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"
expect "MAIL FROM:<a@example.org> SIZE=18 BODY=8BITMIME"
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
