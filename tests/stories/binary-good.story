# BODY=BINARYMIME: the octets as they are (RFC 3030 3).
client security=clear
client "content=a\0b\rc\n\xff."
client binary=1
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 8BITMIME\r\n"
expect "MAIL FROM:<a@example.org> BODY=BINARYMIME"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect-bdat
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
