# Email Analysis Toolkit, others/ehlo: only 250 goes on; with TLS required HELO is never said.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
send "550 text\r\n"
never "AUTH*"
never "MAIL*"
never "HELO*"
never "STARTTLS"
expect "QUIT"
send "221 bye\r\n"
outcome PERMANENT/ehlo-refused
