# Recipients, one of them refused: BDAT follows them in the same flight (RFC 3030 2).
client security=clear
client "to=b@example.org c@example.org d@example.org"
client "each=ACCEPTED PERMANENT ACCEPTED"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "550 5.1.1 no\r\n"
expect "RCPT TO:*"
send "251 will forward\r\n"
expect-bdat
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PARTIAL
