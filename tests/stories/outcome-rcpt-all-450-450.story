# All recipients are refused: no content; for now if any is for now (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=TRANSIENT TRANSIENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "450 no\r\n"
expect "RCPT*"
send "450 no\r\n"
never "DATA"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome TRANSIENT/recipient-refused
