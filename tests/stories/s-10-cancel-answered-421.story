# Whatever answers "*", the exchange is over (security S-10).
client security=starttls
client "login=user hunter2-Secret LOGIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH LOGIN\r\n"
expect "AUTH LOGIN"
send "334 !\r\n"
expect "\*"
send "421 bye\r\n"
never "MAIL*"
never "AUTH*"
outcome PERMANENT/auth-malformed
