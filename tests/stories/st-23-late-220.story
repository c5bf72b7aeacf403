# The reply to STARTTLS does not come in time: what comes later is not read. (security ST-23)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
outcome TRANSIENT/starttls-timeout
