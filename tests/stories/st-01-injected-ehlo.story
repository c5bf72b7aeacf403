# A whole EHLO reply between the 220 and the handshake (RFC 3207 6). (security ST-01)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 go\r\n250-mx.evil\r\n250 AUTH LOGIN\r\n"
outcome PERMANENT/starttls-injected
