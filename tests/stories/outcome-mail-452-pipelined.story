# MAIL is refused: RSET, and the mail has the class of the refusal with PIPELINING (outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "452 no\r\n"
expect "RCPT*"
send "503 no MAIL\r\n"
expect "DATA"
send "503 no MAIL\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome TRANSIENT/sender-refused
