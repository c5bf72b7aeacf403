# REQUIRETLS counts only under TLS (RFC 8689 4.1), whatever is offered.
client security=clear
client requiretls=1
client missing=REQUIRETLS
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 REQUIRETLS\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
