# ENVID= as xtext (RFC 3461 4.4), not offered: an error before MAIL.
client security=clear
client "envid=QQ 314+159=x"
client missing=DSN
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
