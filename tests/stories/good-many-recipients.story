# Over 200 recipients: the flight is bounded, the replies are matched by counting (RFC 2920 3.1).
client security=clear
client to-many=300
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "250 ok\r\n"
repeat 300
expect "RCPT*"
send "250 ok\r\n"
end
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
