# A reply of many lines without its last (security R-02).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
send "250-a\r\n250-b\r\n"
fin
outcome TRANSIENT/connection-lost
