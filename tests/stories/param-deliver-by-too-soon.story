# BY= with R under the least time (RFC 2852 3).
client security=clear
client "by=239;R"
client missing=DELIVERBY
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 DELIVERBY 240\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
