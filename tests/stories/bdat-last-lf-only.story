# BDAT LAST and its content are out, then lf-only (RFC 1047; outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "250 ok\r\n"
expect-bdat
never "*"
send "250 ok\n"
outcome IN_DOUBT/protocol-error-after-content
