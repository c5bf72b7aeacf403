# A TLS record with the 220: the server speaks only after ClientHello. (security ST-05)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 go\r\n\x15\x03\x03\x00\x02\x02("
outcome PERMANENT/starttls-injected
