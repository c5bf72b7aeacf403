# A plain port that answers with a TLS alert (security ST-16).
client security=starttls
client "login=user hunter2-Secret PLAIN"
never "*"
send "\x15\x03\x01\x00\x02\x02F"
outcome PERMANENT/tls-mode-implicit-expected
