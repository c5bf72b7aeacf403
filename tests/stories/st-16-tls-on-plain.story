# A plain port that speaks TLS (security ST-16).
client security=starttls
client "login=user hunter2-Secret PLAIN"
never "*"
send "\x16\x03\x01\x00*\x02\x00\x00&\x03\x03"
outcome PERMANENT/tls-mode-implicit-expected
