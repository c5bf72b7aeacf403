# A challenge line over 16384 octets: the framing is lost, so nothing more is said (security S-11).
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
never "*"
send "334 " "A"*16380 "\r\n"
outcome PERMANENT/auth-malformed
