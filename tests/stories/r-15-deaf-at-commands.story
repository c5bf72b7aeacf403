# The server reads nothing of a pipelined group (security R-15): no octet left, so safe to send again.
client security=clear
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
stop-read 0
outcome TRANSIENT/reply-timeout
