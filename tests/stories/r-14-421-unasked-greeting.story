# 421 right behind the greeting (RFC 5321 3.8; security R-14).
# Where EHLO has left before it came, it is the answer.
client security=starttls
client "login=user hunter2-Secret PLAIN"
send "220 hi\r\n421 bye\r\n"
never "AUTH*"
never "MAIL*"
outcome TRANSIENT/service-closing
outcome TRANSIENT/ehlo-busy
