# Octets over 0x7F without 8BITMIME: refused before MAIL (RFC 6152; security D-10).
client security=clear
client "content=h\xe9\r\n"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/needs-8bitmime
