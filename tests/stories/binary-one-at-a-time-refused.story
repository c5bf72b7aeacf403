# The same, and the recipient is refused: no BDAT follows.
client security=clear
client "content=a\0b\rc\n\xff."
client binary=1
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
never "BDAT*"
send "550 no\r\n"
expect "RSET"
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/recipient-refused
