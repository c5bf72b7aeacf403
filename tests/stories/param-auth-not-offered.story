# AUTH= where AUTH is not offered (RFC 4954 5).
client security=clear
client "auth=a@example.org"
client missing=AUTH
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DSN\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
