# Opportunistic TLS never lets credentials out in the clear (RFC 8314 4.1).
client security=opportunistic
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH PLAIN\r\n"
never "AUTH*"
never "MAIL*"
outcome PERMANENT/auth-needs-tls
