# 421 in place of the EHLO reply under TLS (security R-14).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 go\r\n"
tls good
expect "EHLO*"
never "*"
send "421 bye\r\n"
outcome TRANSIENT/tls-ehlo-busy
