# HOLDUNTIL= behind the last moment (RFC 4865 4.1).
client security=clear
client hold-until=2027-01-01T00:00:00Z
client missing=FUTURERELEASE
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 FUTURERELEASE 3600 2026-12-31T23:59:59Z\r\n"
never "MAIL*"
outcome PERMANENT/needs-extension
