# 235 before the response that was held back: nothing was proved by either side (security S-14, S-04).
client security=starttls
client "login=user " "p"*390 " PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN LOGIN\r\n"
expect "AUTH PLAIN"
send "235 ok\r\n"
never "MAIL*"
never "AHVz*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-server-unproven
