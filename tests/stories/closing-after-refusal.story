# A refusal followed by 421 in one segment: the refusal stays the cause (RFC 5321 3.8).
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
send "535 5.7.8 no\r\n421 too many errors\r\n"
never "MAIL*"
outcome PERMANENT/auth-refused
