# A parameter that must not leave: an error, and not an octet of it (security 2.2).
client security=clear
client "orcpt=r c;a@b"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE\r\n250-SMTPUTF8\r\n250-DSN\r\n250-DELIVERBY\r\n250-FUTURERELEASE 1 2\r\n250-MT-PRIORITY\r\n250 AUTH PLAIN\r\n"
never "MAIL*"
outcome PERMANENT/bad-argument
