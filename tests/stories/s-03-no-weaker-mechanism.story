# 535 to the stronger mechanism: the weaker one is not tried, although it would be behind 504 (security S-03).
client security=starttls
client "login=user hunter2-Secret PROOF"
client "another=PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PROOF PLAIN\r\n"
expect "AUTH PROOF *"
challenge "r=nonce"
expect "Yz1iaXdzLHA9cHJvb2Y="
send "535 no\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-refused
