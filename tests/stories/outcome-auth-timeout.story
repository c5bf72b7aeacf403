# Stage auth, event timeout (RFC 5321 3.8; outcomes 5.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN LOGIN\r\n"
expect "AUTH*"
never "*"
outcome TRANSIENT/auth-timeout
