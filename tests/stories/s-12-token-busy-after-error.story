# Nor is it behind the error (security S-12; RFC 4954 6).
client security=starttls
client "login=user hunter2-Secret BEARER"
client "fresh=another-Secret9"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
send "220 2.0.0 go\r\n"
tls good
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 AUTH BEARER\r\n"
expect "AUTH BEARER aHVudGVyMi1TZWNyZXQ="
challenge "{\"status\":\"401\"}"
expect "AQ=="
send "454 4.7.0 later\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome TRANSIENT/auth-busy
