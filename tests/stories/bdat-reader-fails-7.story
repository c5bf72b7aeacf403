# The reader fails: no LAST may follow (D-12).
client security=clear
client reader-fails=7
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
never "BDAT*"
outcome PERMANENT/content-reader-failed
