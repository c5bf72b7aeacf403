# One of two recipients is refused with PIPELINING (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=ACCEPTED TRANSIENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "RCPT*"
send "452 no\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PARTIAL
