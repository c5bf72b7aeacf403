# Nothing of a bad path reaches the wire, whatever was checked before (security 2.2);
# the connection stays usable.
client security=clear
client "to=b\x1b@x"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
never "MAIL*"
never "RCPT*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/bad-argument
