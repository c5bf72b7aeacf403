# One recipient refused, the final reply lost: the other is in doubt with PIPELINING (outcomes 5.2).
client security=clear
client "to=b@example.org c@example.org"
client "each=IN_DOUBT PERMANENT"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "RCPT*"
send "550 no\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
fin
outcome IN_DOUBT/lost-after-content
