# Three AUTH commands are the most (security W8).
client security=starttls
client "login=user hunter2-Secret PLAIN"
client "another=LOGIN EMPTY PROOF"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN LOGIN EMPTY PROOF\r\n"
expect "AUTH PLAIN *"
send "504 no\r\n"
expect "AUTH LOGIN"
send "534 no\r\n"
expect "AUTH EMPTY ="
send "504 no\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-mechanism-refused
