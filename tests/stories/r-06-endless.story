# A reply that goes on for ever (security R-06).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
never "*"
repeat 0
send "250-x\r\n"
end
outcome PERMANENT/protocol-error
