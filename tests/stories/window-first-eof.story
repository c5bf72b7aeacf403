# A window of eight, and the connection ends before the first reply: all are in doubt.
client security=clear
client memory=0
client window=8
client mails=8
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
client then=IN_DOUBT/lost-after-content
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
expect "RSET"
expect "MAIL FROM:<a@example.org>*"
expect "RCPT TO:*"
expect-bdat
never "*"
fin
outcome IN_DOUBT/lost-after-content
