# The same: the connection ends with the first dot and the second group on their way.
client security=clear
client memory=0
client window=2
client mails=2
client window-data=1
client then=TRANSIENT/connection-lost
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
expect "RCPT*"
expect "DATA"
send "250 ok\r\n"
send "250 ok\r\n"
send "354 go\r\n"
expect-data
expect "MAIL*"
expect "RCPT*"
expect "DATA"
fin
outcome IN_DOUBT/lost-after-content
