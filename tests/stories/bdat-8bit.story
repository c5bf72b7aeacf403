# 8-bit content behind BDAT needs 8BITMIME as behind DATA (RFC 6152).
client security=clear
client "content=h\xe9\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
expect "MAIL FROM:<a@example.org> BODY=8BITMIME"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect-bdat
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
