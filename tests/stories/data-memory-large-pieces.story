# Content in memory behind DATA: lent where nothing has to be changed.
client security=clear
client "content=Subject: t\r\n\r\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"*5000
client memory=100000
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
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
