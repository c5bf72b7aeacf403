# The caller switched DSN off.
client security=clear
client without=DSN
client ret=FULL
client missing=DSN
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DSN\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
