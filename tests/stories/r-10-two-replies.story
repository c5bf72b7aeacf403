# Two replies to MAIL: the second is nobody's, or shifts the rest; DATA is not answered by 354 then (security R-10).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250 mx.example.org\r\n"
expect "MAIL*"
send "250 a\r\n250 b\r\n"
maybe "RCPT*"
send "250 c\r\n"
never "Subject*"
outcome PERMANENT/protocol-error
