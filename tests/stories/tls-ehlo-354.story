# EHLO under TLS is judged like the first, and HELO is no way around it (RFC 3207 4.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 go\r\n"
tls good
expect "EHLO*"
send "354 text\r\n"
never "AUTH*"
never "MAIL*"
never "HELO*"
never "*"
outcome PERMANENT/tls-ehlo-malformed
