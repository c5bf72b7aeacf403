# 235 right behind our last message, without the proof (security S-04).
client security=starttls
client "login=user hunter2-Secret PROOF"
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
send "235 ok\r\n"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-server-unproven
