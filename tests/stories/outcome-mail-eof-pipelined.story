# MAIL, then eof with PIPELINING (outcomes 5.2).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
expect "RCPT*"
expect "DATA"
never "*"
fin
outcome TRANSIENT/connection-lost
