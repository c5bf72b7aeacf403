# EHLO under TLS is not answered: it times out, and nothing said before is taken for the answer (security ST-09).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
expect "STARTTLS"
send "220 go\r\n"
tls good
expect "EHLO*"
never "AUTH*"
never "MAIL*"
outcome TRANSIENT/tls-ehlo-timeout
