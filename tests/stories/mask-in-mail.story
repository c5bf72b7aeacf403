# What the server repeats of a secret is masked wherever a person could see it (security 3, W9), in the replies to a mail.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN\r\n"
expect "AUTH PLAIN AHVzZXIAaHVudGVyMi1TZWNyZXQ="
send "235 2.7.0 welcome\r\n"
expect "MAIL*"
send "250 hunter2-Secret\r\n"
expect "RCPT*"
send "550 hunter2-Secret AHVzZXIAaHVudGVyMi1TZWNyZXQ=\r\n"
expect "RSET"
send "250 hunter2-Secret\r\n"
expect "QUIT"
send "221 hunter2-Secret\r\n"
outcome PERMANENT/recipient-refused
