# 504 to AUTH, and what may follow is not offered (RFC 4954 4).
client security=starttls
client "login=user hunter2-Secret PLAIN"
client "another=LOGIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN\r\n"
expect "AUTH PLAIN *"
send "504 5.5.4 unknown\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-mechanism-refused
