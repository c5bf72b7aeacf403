# The second RCPT, then malformed: the 250 of the first is void with PIPELINING (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=PERMANENT PERMANENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "RCPT*"
expect "DATA"
never "*"
send "25x ok\r\n"
outcome PERMANENT/protocol-error
