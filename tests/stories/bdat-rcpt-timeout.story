# All was sent, LAST included, and in place of the reply to RCPT there is timeout: in doubt (outcomes 5.1).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
expect-bdat
never "*"
outcome IN_DOUBT/timeout-after-content
