# 235 before our last message: the server has not proved itself (security S-04).
client security=starttls
client "login=user hunter2-Secret PROOF"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PROOF PLAIN\r\n"
expect "AUTH PROOF *"
send "235 ok\r\n"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-server-unproven
