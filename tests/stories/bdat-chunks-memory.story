# A large content in chunks, the next one before the last is answered (RFC 3030 2).
client security=clear
client "content=Subject: t\r\n\r\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"*5000
client memory=0
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect-bdat
send "250 chunk\r\n"
expect-bdat
send "250 chunk\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
