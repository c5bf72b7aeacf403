# 421 to the first of two chunks.
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
send "421 bye\r\n"
outcome TRANSIENT/service-closing
