# A mechanism in which the server proves itself before 235 (RFC 5802 5), its last answer an empty line.
client security=starttls
client "login=user hunter2-Secret PROOF"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PROOF\r\n"
expect "AUTH PROOF *"
challenge "r=nonce,s=c2FsdA==,i=4096"
expect "Yz1iaXdzLHA9cHJvb2Y="
challenge "v=good"
expect ""
send "235 ok\r\n"
expect "MAIL FROM:<a@example.org>*"
send "250 2.1.0 ok\r\n"
expect "RCPT TO:*"
send "250 2.1.5 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 2.0.0 queued as 4711\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
