# The first line is the name, and keywords match whole (curl a827e42; security ST-12).
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 hi\r\n"
expect "EHLO*"
send "250-a\r\n250 STARTTLSX\r\n"
never "STARTTLS"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/starttls-missing
