# EHLO is refused and credentials are set: HELO could not take them.
client security=clear
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
send "500 what\r\n"
never "HELO*"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/ehlo-refused
