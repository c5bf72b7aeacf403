# Stage ehlo, event timeout (RFC 5321 3.8; outcomes 5.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
never "*"
outcome TRANSIENT/ehlo-timeout
