# Email Analysis Toolkit, others/greeting: only 220 goes on (RFC 5321 3.1).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "500 text\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 bye\r\n"
outcome PERMANENT/greeting-refused
