# 551 is a refusal; the path named in it is not followed (security ST-17).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
never "*evil*"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "551 User not local; try <x@evil>\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
