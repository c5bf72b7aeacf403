# Two recipients, one refused, then the connection ends without a reply to BDAT LAST (RFC 1047).
client security=clear
client "to=b@example.org c@example.org"
client "each=PERMANENT IN_DOUBT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "550 5.1.1 no\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
fin
outcome IN_DOUBT/lost-after-content
