# Every recipient is refused, and in place of the reply to BDAT LAST there is malformed: refused, not in
# doubt (outcomes 5.2).
client security=clear
client memory=0
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 ok\r\n"
expect "RCPT TO:*"
send "550 no\r\n"
expect-bdat
never "*"
send "25\r\n"
outcome PERMANENT/recipient-refused
