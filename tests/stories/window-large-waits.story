# A content larger than the window: the next mail waits for its last reply.
client security=clear
client "content=Subject: t\r\n\r\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"*5000
client memory=0
client window=3
client mails=2
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
never "RSET"
expect "MAIL*"
expect "RCPT*"
expect-bdat
expect-bdat
send "250 ok\r\n"
send "250 ok\r\n"
send "250 chunk\r\n"
send "250 done\r\n"
expect "MAIL*"
expect "RCPT*"
expect-bdat
expect-bdat
send "250 ok\r\n"
send "250 ok\r\n"
send "250 chunk\r\n"
send "250 done\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
