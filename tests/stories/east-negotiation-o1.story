# Email Analysis Toolkit, Negotiation/O_1: AUTH is offered, STARTTLS is not.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN LOGIN\r\n"
never "STARTTLS"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/starttls-missing
