# The lines of one reply with different codes (RFC 5321 4.2.1). (security ST-04)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220-x\r\n250 y\r\n"
outcome PERMANENT/starttls-malformed
