# The same: all recipients of the second mail are refused, and 354 came.
client security=clear
client memory=0
client window=3
client mails=3
client window-data=1
client then=PERMANENT/recipient-refused
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
send "550 no\r\n"
send "354 go\r\n"
expect "."
send "554 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "MAIL*"
expect "RCPT*"
expect "DATA"
send "250 ok\r\n"
send "250 ok\r\n"
send "354 go\r\n"
expect-data
send "250 queued\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
