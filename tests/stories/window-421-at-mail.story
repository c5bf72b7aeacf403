# 421 in the middle of a window: the mail it was said to was not accepted; of those behind it, whose
# terminators were handed over, nothing was said (RFC 5321 3.8; outcomes 5.1).
client security=clear
client memory=0
client window=4
client mails=4
client then=TRANSIENT/service-closing
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
never "*"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 0\r\n"
send "250 reset\r\n"
send "421 bye\r\n"
outcome ACCEPTED
