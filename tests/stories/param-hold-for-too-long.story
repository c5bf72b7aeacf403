# HOLDFOR= over the longest interval (RFC 4865 4.1).
client security=clear
client hold-for=3601
client missing=FUTURERELEASE
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 FUTURERELEASE 3600 2027-01-01T00:00:00Z\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
