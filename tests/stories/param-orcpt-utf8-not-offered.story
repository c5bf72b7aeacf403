# An ORCPT of the type utf-8 needs SMTPUTF8 (RFC 6533 3).
client security=clear
client "orcpt=utf-8;\xc3\xa9@b"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DSN\r\n"
never "MAIL*"
outcome PERMANENT/needs-smtputf8
