# All was sent, LAST included, and in place of the reply to MAIL there is malformed: in doubt, as the
# terminator was handed over (outcomes 5.1).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
expect "RCPT*"
expect-bdat
never "*"
send "25\r\n"
outcome IN_DOUBT/protocol-error-after-content
