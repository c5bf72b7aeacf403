# An implicit TLS port that speaks plain: no handshake, and nothing in the clear (security ST-15).
client security=implicit
client "login=user hunter2-Secret PLAIN"
never "*"
tls-raw "220 hi\r\n"
outcome PERMANENT/tls-mode-starttls-expected
