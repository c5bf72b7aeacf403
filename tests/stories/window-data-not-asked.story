# With DATA the reply to the dot is waited for: some servers forget what follows it.
client security=clear
client memory=0
client window=8
client mails=2
client then=ACCEPTED
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
