# 8-bit content that nobody announced, and 8BITMIME is not offered: no LAST follows.
client security=clear
client "content=h\xe9\r\n"
client reader=1
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
never "BDAT*"
outcome PERMANENT/needs-8bitmime
