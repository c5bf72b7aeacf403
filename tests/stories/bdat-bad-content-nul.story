# Content that must not leave is not ended with LAST (security 2.1).
client security=clear
client "content=a\0b\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
never "BDAT*"
outcome PERMANENT/content-nul
