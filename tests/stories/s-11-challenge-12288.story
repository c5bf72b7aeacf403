# A challenge of 12288 octets in one line (RFC 4954 4) (security S-11).
client security=starttls
client "login=user hunter2-Secret LOGIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH LOGIN\r\n"
expect "AUTH LOGIN"
send "334 " "A"*12288 "\r\n"
expect "dXNlcg=="
challenge "Password:"
expect "aHVudGVyMi1TZWNyZXQ="
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
