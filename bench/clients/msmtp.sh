#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# msmtp, a process for each mail; the arguments are those of job.h.
mode=$1 port=$2 ca=$3 message=$4 size=$5 count=$6 recipients=$7
set -- --host=localhost --port="$port" --domain=client.example --from=sender@example.org
if [ "$mode" = plain ]; then
	set -- "$@" --tls=off --auth=off
else
	starttls=off
	[ "$mode" = starttls ] && starttls=on
	set -- "$@" --tls=on --tls-starttls=$starttls --tls-trust-file="$ca" --auth=plain --user=user \
		'--passwordeval=echo password'
fi
i=0
while [ $i -lt "$recipients" ]; do
	set -- "$@" "recipient$i@example.com"
	i=$((i + 1))
done
[ "$size" -gt 65536 ] && message=$BENCH_FILE
i=0
while [ $i -lt "$count" ]; do
	msmtp --file=/dev/null "$@" <"$message" || exit 1
	i=$((i + 1))
done
