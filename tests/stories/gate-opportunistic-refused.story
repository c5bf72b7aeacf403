# STARTTLS offered and refused: opportunistic does not go on in the clear either.
client security=opportunistic
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "454 no\r\n"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome TRANSIENT/starttls-busy
