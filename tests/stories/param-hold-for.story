# HOLDFOR= (RFC 4865 5), offered.
client security=clear
client hold-for=86400
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 FUTURERELEASE 86400 2027-01-01T00:00:00Z\r\n"
expect "MAIL FROM:<a@example.org> HOLDFOR=86400"
send "250 ok\r\n"
expect "RCPT TO:<b@example.org>"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
