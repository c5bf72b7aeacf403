# A reply over 64 KiB in long lines (security R-06).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
repeat 40
send "250-" "x"*2000 "\r\n"
end
outcome PERMANENT/protocol-error
