# Email Analysis Toolkit, others/starttls/220: no TLS follows the 220; the handshake fails and nothing is said in the clear.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 go\r\n"
never "*"
tls-raw "220 plain\r\n"
outcome PERMANENT/tls-not-tls
