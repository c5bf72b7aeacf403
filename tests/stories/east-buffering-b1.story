# Email Analysis Toolkit, Buffering/B_1: an EHLO reply behind the 220.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 Ready to start TLS\r\n250-example.org\r\n250 AUTH LOGIN\r\n"
outcome PERMANENT/starttls-injected
