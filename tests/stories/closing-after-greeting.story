# 554 and 421 in one segment: the service refuses, it is not merely busy.
client security=starttls
greet "554 no\r\n421 closing\r\n"
never "EHLO*"
outcome PERMANENT/greeting-refused
