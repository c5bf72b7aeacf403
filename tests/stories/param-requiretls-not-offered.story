# REQUIRETLS under TLS, not offered: an error before MAIL (RFC 8689 4.1).
client security=implicit
client requiretls=1
client missing=REQUIRETLS
tls good
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DSN\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
