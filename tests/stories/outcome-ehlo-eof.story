# Stage ehlo, event eof (RFC 5321 3.8; outcomes 5.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
never "*"
fin
outcome TRANSIENT/ehlo-closed
