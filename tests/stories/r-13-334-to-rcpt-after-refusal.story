# MAIL is refused, and 334 answers the RCPT of the same group: nonsense ends the connection, without
# RSET; the refusal stays (RFC 5321 4.3.2; security R-13).
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
expect "MAIL*"
send "550 no\r\n"
expect "RCPT*"
send "334 what\r\n503 no\r\n"
never "RSET"
outcome PERMANENT/sender-refused
