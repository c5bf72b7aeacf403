# BINARYMIME is not offered: an error before MAIL (RFC 3030 3).
client security=clear
client "content=a\0b\rc\n\xff."
client binary=1
client missing=BINARYMIME
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
