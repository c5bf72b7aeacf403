# REQUIRETLS under TLS (RFC 8689 4).
client security=implicit
client requiretls=1
tls good
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 REQUIRETLS\r\n"
expect "MAIL FROM:<a@example.org> REQUIRETLS"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
