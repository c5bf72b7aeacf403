# Large contents in a window: never more than two chunks without an answer, whosever they are.
client security=clear
client "content=Subject: t\r\n\r\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"*5000
client memory=0
client window=3
client window-octets=10000000
client mails=3
client then=ACCEPTED
client then=ACCEPTED
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
expect "RCPT*"
expect-bdat
expect-bdat
expect "RSET"
expect "MAIL*"
expect "RCPT*"
expect-bdat
send "250 ok\r\n"
send "250 ok\r\n"
send "250 chunk\r\n"
expect-bdat
expect "RSET"
expect "MAIL*"
expect "RCPT*"
expect-bdat
send "250 done\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 chunk\r\n"
expect-bdat
send "250 done\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 chunk\r\n"
send "250 done\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
