# 334 for ever: eight rounds, then "*" (smtplib; security R-16).
client security=starttls
client "login=user hunter2-Secret LOOP"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH LOOP\r\n"
expect "AUTH LOOP"
repeat 8
challenge "BugMe"
expect "eA=="
end
challenge "BugMe"
expect "\*"
send "501 cancelled\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/auth-malformed
