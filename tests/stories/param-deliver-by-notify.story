# The least time is for R only (RFC 2852 3).
client security=clear
client "by=10;N"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DELIVERBY 240\r\n"
expect "MAIL FROM:<a@example.org> BY=10;N"
send "250 ok\r\n"
expect "RCPT TO:<b@example.org>"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
