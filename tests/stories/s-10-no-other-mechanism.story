# A broken challenge never leads to another mechanism (security S-10, S-03).
client security=starttls
client "login=user hunter2-Secret LOGIN"
client "another=PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH LOGIN PLAIN\r\n"
expect "AUTH LOGIN"
send "334 =AAA\r\n"
expect "\*"
send "501 cancelled\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-malformed
