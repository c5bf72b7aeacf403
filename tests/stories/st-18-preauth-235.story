# A greeting that claims we are signed in (Mutt CVE-2020-28896; security ST-18).
client security=starttls
client "login=user hunter2-Secret PLAIN"
never "*"
greet "235 authenticated\r\n"
outcome PERMANENT/greeting-not-smtp
