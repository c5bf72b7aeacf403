# Answers to commands not yet given, behind a refusal (curl test 980): none is used. (security ST-06)
client security=starttls
client "login=user hunter2-Secret PLAIN"
client cut=TRANSIENT/starttls-busy
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "AUTH*"
never "MAIL*"
send "454 no\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n"
outcome PERMANENT/starttls-malformed
