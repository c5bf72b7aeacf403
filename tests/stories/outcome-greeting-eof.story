# Stage greeting, event eof (RFC 5321 3.8; outcomes 5.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
never "*"
fin
outcome TRANSIENT/greeting-closed
