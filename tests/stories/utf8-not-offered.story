# An address that needs SMTPUTF8 where it is not offered: nothing is sent (RFC 6531 3.1).
client security=clear
client utf8=yes
client "to=d\xc3\xb6@example.org"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 8BITMIME\r\n"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/needs-smtputf8
