# 421 to the second recipient with all the rest on its way: nothing was accepted (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=TRANSIENT TRANSIENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
expect "RCPT*"
expect "RCPT*"
expect-bdat
never "*"
send "250 ok\r\n"
send "250 ok\r\n"
send "421 bye\r\n"
outcome TRANSIENT/service-closing
