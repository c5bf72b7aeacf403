# The same without credentials: no SIZE=, no group of commands (security ST-07).
client security=starttls
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250-SIZE 99\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL FROM:<a@example.org>"
send "250 ok\r\n"
expect "RCPT*"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
