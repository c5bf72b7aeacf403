# What the server repeats of a secret is masked wherever a person could see it (security 3, W9).
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
expect "AUTH*"
send "535 AHVzZXIAaHVudGVyMi1TZWNyZXQ= hunter2-Secret hunter2-SecretAHVzZXIAaHVudGVyMi1TZWNyZXQ=\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-refused
