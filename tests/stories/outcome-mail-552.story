# MAIL is refused: RSET, and the mail has the class of the refusal (outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "552 no\r\n"
never "RCPT*"
never "DATA"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/sender-refused
