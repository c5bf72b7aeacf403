# A bad path behind good ones: nothing of the mail is sent (security 2.2).
client security=clear
client "to=b@example.org c@ex>ample.org"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
never "MAIL*"
never "RCPT*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/bad-argument
