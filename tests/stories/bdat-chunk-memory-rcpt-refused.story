# A large content, and the only recipient is refused: what was announced is sent, no more (RFC 3030 2).
client security=clear
client "content=Subject: t\r\n\r\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"*5000
client memory=0
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
expect-bdat
expect-bdat
send "550 no\r\n"
send "503 no\r\n"
send "503 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
