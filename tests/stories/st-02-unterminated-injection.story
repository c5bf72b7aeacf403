# An octet that ends no line is an injection as well: nothing may follow the 220 but TLS. (security ST-02)
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250 STARTTLS\r\n"
expect "STARTTLS"
never "*"
send "220 go\r\n250-SMTPUTF8 INJECTED "
outcome PERMANENT/starttls-injected
