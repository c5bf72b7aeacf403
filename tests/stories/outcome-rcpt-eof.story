# The second RCPT, then eof: the 250 of the first is void (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=TRANSIENT TRANSIENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "RCPT*"
never "*"
fin
outcome TRANSIENT/connection-lost
