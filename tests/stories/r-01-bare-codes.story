# Replies of a code alone, and of a code and a blank (RFC 5321 4.2; security R-01).
client security=clear
greet "220\r\n"
expect "EHLO*"
send "250-\r\n250 \r\n"
expect "MAIL*"
send "250\r\n"
expect "RCPT*"
send "250 \r\n"
expect "DATA"
send "354\r\n"
expect-data
send "250\r\n"
expect "QUIT"
send "221\r\n"
outcome ACCEPTED
