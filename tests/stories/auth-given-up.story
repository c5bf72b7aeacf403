# The mechanism itself gives up: "*" (RFC 4954 4).
client security=starttls
client "login=user hunter2-Secret LOGIN"
client give-up=2
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH LOGIN\r\n"
expect "AUTH LOGIN"
challenge "x"
expect "\*"
send "501 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-challenge-unsafe
