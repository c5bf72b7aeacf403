# A reply that ends in CR, then the end of the connection (security R-08).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
send "250 ok\r"
fin
outcome TRANSIENT/connection-lost
