# Email Analysis Toolkit, Negotiation/D_1: EHLO and STARTTLS unknown; no HELO fallback in the clear.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
send "502 command not recognized\r\n"
never "HELO*"
never "STARTTLS"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/ehlo-refused
