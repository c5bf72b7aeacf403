# Email Analysis Toolkit, others/ehlo/250-all: STARTTLS comes before anything else that is offered.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250-PIPELINING\r\n250-SIZE 99\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250-DSN\r\n250 HELP\r\n"
never "AUTH*"
never "MAIL*"
expect "STARTTLS"
outcome TRANSIENT/starttls-timeout
