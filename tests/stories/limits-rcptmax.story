# More recipients than RCPTMAX: an error before MAIL (RFC 9422).
client security=clear
client to-many=3
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n"
never "MAIL*"
outcome PERMANENT/too-many-recipients
