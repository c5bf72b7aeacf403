# An EHLO reply of 10,000 lines: bounded (security R-12).
client security=clear
greet "220 hi\r\n"
expect "EHLO*"
never "*"
repeat 10000
send "250-X-NOTHING\r\n"
end
send "250 ok\r\n"
outcome PERMANENT/ehlo-malformed
