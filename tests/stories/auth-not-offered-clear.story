# Credentials are set and no AUTH is offered, without TLS as the caller asked: QUIT, and no mail
# (RFC 4954 3).
client security=clear
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 PIPELINING\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 bye\r\n"
outcome PERMANENT/auth-not-offered
