# Email Analysis Toolkit, others/X_1: 60 mechanisms in one long line in the clear; none is used there.
client security=starttls
client "login=user hunter2-Secret PLAIN"
greet "220 mx.example.org ESMTP\r\n"
expect "EHLO client.example.org"
send "250-mx.example.org\r\n250-STARTTLS\r\n250 AUTH MECH-0 MECH-1 MECH-2 MECH-3 MECH-4 MECH-5 MECH-6 MECH-7 MECH-8 MECH-9 MECH-10 MECH-11 MECH-12 MECH-13 MECH-14 MECH-15 MECH-16 MECH-17 MECH-18 MECH-19 MECH-20 MECH-21 MECH-22 MECH-23 MECH-24 MECH-25 MECH-26 MECH-27 MECH-28 MECH-29 MECH-30 MECH-31 MECH-32 MECH-33 MECH-34 MECH-35 MECH-36 MECH-37 MECH-38 MECH-39 MECH-40 MECH-41 MECH-42 MECH-43 MECH-44 MECH-45 MECH-46 MECH-47 MECH-48 MECH-49 MECH-50 MECH-51 MECH-52 MECH-53 MECH-54 MECH-55 MECH-56 MECH-57 CRAM_MD5 SSL-REQUIRED\r\n"
expect "STARTTLS"
send "502 no\r\n"
never "AUTH*"
never "MAIL*"
expect "QUIT"
send "221 2.0.0 bye\r\n"
outcome PERMANENT/starttls-refused
