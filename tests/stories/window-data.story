# With DATA, where the caller asks for it: the next MAIL leaves behind the dot.
client security=clear
client memory=0
client window=3
client mails=3
client window-data=1
client then=ACCEPTED
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
expect "RCPT*"
expect "DATA"
send "250 ok\r\n"
send "250 ok\r\n"
send "354 go\r\n"
expect-data
expect "MAIL*"
expect "RCPT*"
expect "DATA"
send "250 queued\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "354 go\r\n"
expect-data
expect "MAIL*"
expect "RCPT*"
expect "DATA"
send "250 queued\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "354 go\r\n"
expect-data
send "250 queued\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
