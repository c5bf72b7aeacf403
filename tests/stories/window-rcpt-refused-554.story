# All recipients of the second of four mails are refused, and BDAT is answered 554.  A server may still hold
# its MAIL then; RSET is on its way already, so the third is not refused as nested, nor sent from the wrong
# sender.
client security=clear
client memory=0
client window=4
client mails=4
client then=PERMANENT/recipient-refused
client then=ACCEPTED
client then=ACCEPTED
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
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 0\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "550 no\r\n"
send "554 no valid recipients\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 2\r\n"
send "250 reset\r\n"
send "250 ok\r\n"
send "250 ok\r\n"
send "250 2.0.0 queued as 3\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
