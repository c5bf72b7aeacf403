# 421 to MAIL with all the rest on its way: it was not accepted (RFC 5321 3.8; outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
expect "RCPT*"
expect-bdat
never "*"
send "421 bye\r\n"
outcome TRANSIENT/service-closing
