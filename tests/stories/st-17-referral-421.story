# 421 with another host in it: only reported (security ST-17).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
never "*evil*"
expect "MAIL*"
send "421 try smtp.evil:25\r\n"
never "*"
outcome TRANSIENT/service-closing
