# A second greeting under TLS, before EHLO (security ST-14).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 go\r\n"
tls good
send "220 hello\r\n"
never "AUTH*"
never "MAIL*"
outcome PERMANENT/tls-ehlo-malformed
