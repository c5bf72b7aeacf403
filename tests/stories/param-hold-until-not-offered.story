# HOLDUNTIL= (RFC 4865 5), not offered: an error before MAIL.
client security=clear
client hold-until=2026-12-24T18:00:00Z
client missing=FUTURERELEASE
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
