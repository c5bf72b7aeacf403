# The EHLO reply comes with the greeting, before EHLO was said (security ST-11).
# Where a border between two segments falls so that EHLO has left before the second reply is whole,
# it cannot be told from an answer; STARTTLS then voids all it said.
client security=starttls
client "login=user hunter2-Secret PLAIN"
send "220 a\r\n250-a\r\n250 STARTTLS\r\n"
never "AUTH*"
never "MAIL*"
outcome PERMANENT/ehlo-malformed
outcome TRANSIENT/starttls-timeout
