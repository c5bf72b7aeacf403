# NOTIFY= (RFC 3461 4.1), not offered: an error before MAIL.
client security=clear
client notify=NEVER
client missing=DSN
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
