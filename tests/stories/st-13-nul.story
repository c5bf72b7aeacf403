# NUL in an EHLO reply (security ST-13, R-07).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
never "*"
send "250-hi\r\n250 STARTTLS\x00\r\n"
outcome PERMANENT/ehlo-malformed
