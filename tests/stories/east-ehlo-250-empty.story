# Email Analysis Toolkit, others/ehlo/250-empty: no keyword, so no STARTTLS.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
send "250 \r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/starttls-missing
