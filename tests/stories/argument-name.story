# A greeting name with CR LF (nodemailer GHSA-vvjj-xcjg-gr5g; security 2.2): no EHLO.
client security=clear
client "name=x\r\nMAIL FROM:<a@b>"
greet "220 hi\r\n"
never "*"
outcome PERMANENT/bad-argument
