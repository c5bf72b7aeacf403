# Every recipient is refused for good, then DATA for now: the recipients decide, and RSET follows
# (RFC 2920 3.1; outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 no\r\n"
expect "DATA"
send "451 later\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 bye\r\n"
outcome PERMANENT/recipient-refused
