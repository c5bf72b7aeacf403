# All that can be asked for at once.
client security=clear
client ret=HDRS
client envid=1
client "by=10;RT"
client hold-for=60
client priority=9
client utf8=1
client notify=DELAY
client "orcpt=utf-8;b\xc3\xa9 \\@x"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-DELIVERBY 10\r\n250-FUTURERELEASE 86400 2027-01-01T00:00:00Z\r\n250 MT-PRIORITY\r\n"
expect "MAIL FROM:<a@example.org> SIZE=21 SMTPUTF8 RET=HDRS ENVID=1 BY=10;RT HOLDFOR=60 MT-PRIORITY=9"
send "250 ok\r\n"
expect "RCPT TO:<b@example.org> NOTIFY=DELAY ORCPT=utf-8;b\xc3\xa9?x{20}?x{5C}@x"
send "250 ok\r\n"
expect "DATA"
send "354 go\r\n"
expect-data
send "250 ok\r\n"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome ACCEPTED
