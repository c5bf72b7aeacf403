# Email Analysis Toolkit, others/helo: EHLO is refused with 500, then HELO with this; without TLS, as the caller asked.
client security=clear
greet "220 hi\r\n"
expect "EHLO*"
send "500 what\r\n"
expect "HELO client.example.org"
send "221 text\r\n"
never "*"
outcome PERMANENT/ehlo-malformed
