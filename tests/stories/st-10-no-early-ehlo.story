# STARTTLS ends its group: nothing is said between it and the handshake. (security ST-10)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 go\r\n"
fin
outcome TRANSIENT/tls-closed
