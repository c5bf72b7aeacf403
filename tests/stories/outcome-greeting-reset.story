# Stage greeting, event reset (RFC 5321 3.8; outcomes 5.2).
client security=starttls
client "login=user hunter2-Secret PLAIN"
never "*"
rst
outcome TRANSIENT/greeting-closed
