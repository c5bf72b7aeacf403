# A plain mail without TLS and login.
client security=clear
greet "220 hi\r\n"
expect "EHLO client.example.org"
send "250-hi\r\n250 PIPELINING\r\n"
expect "MAIL FROM:<a@example.org>"
send "250 ok\r\n"
expect "RCPT TO:<b@example.org>"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 2.0.0 queued\r\n"
expect "QUIT"
send "221 bye\r\n"
outcome ACCEPTED
