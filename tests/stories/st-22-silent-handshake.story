# The 220 comes, then nothing: a time limit, and no plain retry. (security ST-22)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 go\r\n"
outcome TRANSIENT/tls-timeout
