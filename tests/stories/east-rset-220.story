# Email Analysis Toolkit, others/rset: RSET not answered by 250 ends the connection; it is never used again.
client security=clear
client mails=2
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "550 no\r\n"
expect "RSET"
send "220 text\r\n"
never "*"
outcome PERMANENT/recipient-refused
