# Email Analysis Toolkit, others/starttls and Negotiation/O: only 220 goes on, and never in the clear.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
expect "STARTTLS"
send "421 text\r\n"
never "AUTH*"
never "MAIL*"
never "*"
outcome TRANSIENT/starttls-busy
