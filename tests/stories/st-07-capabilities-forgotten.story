# What was offered in the clear counts for nothing under TLS (RFC 3207 4.2; security ST-07).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250-SIZE 99\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-not-offered
