# BY= (RFC 2852 4), not offered: an error before MAIL.
client security=clear
client "by=120;R"
client missing=DELIVERBY
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
