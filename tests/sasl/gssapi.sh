#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# gssapi.sh PROGRAM: a Kerberos realm of its own on loopback, a ticket, and PROGRAM with both.
# 77, skipped, without the programs of MIT Kerberos.
set -u
PATH=$PATH:/usr/sbin:/sbin
export PATH
for tool in krb5kdc kdb5_util kadmin.local kinit python3; do
	command -v "$tool" >/dev/null || { echo "$tool is not here"; exit 77; }
done
dir=$(mktemp -d) || exit 1
kdc=
end() {
	[ -z "$kdc" ] || kill "$kdc" 2>/dev/null
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT TERM
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

cat >"$dir/krb5.conf" <<END
[libdefaults]
	default_realm = POSTERN.TEST
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
	udp_preference_limit = 1
[realms]
	POSTERN.TEST = {
		kdc = 127.0.0.1:$port
	}
END
cat >"$dir/kdc.conf" <<END
[kdcdefaults]
	kdc_listen = ""
	kdc_tcp_listen = 127.0.0.1:$port
[realms]
	POSTERN.TEST = {
		database_name = $dir/principal
		key_stash_file = $dir/stash
		max_life = 1h
	}
[logging]
	kdc = FILE:$dir/kdc.log
END
export KRB5_CONFIG="$dir/krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf"
export KRB5CCNAME="FILE:$dir/ticket" KRB5_KTNAME="FILE:$dir/keytab"
{
	kdb5_util create -s -P master -r POSTERN.TEST &&
		kadmin.local -q 'addprinc -pw pencil user' &&
		kadmin.local -q 'addprinc -randkey smtp/localhost' &&
		kadmin.local -q "ktadd -k $dir/keytab smtp/localhost"
} >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
krb5kdc -n >"$dir/kdc.out" 2>&1 &
kdc=$!
tries=0
until echo pencil | kinit user >"$dir/log" 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || { cat "$dir/log" "$dir/kdc.out" "$dir/kdc.log"; exit 1; }
	sleep 0.1
done
"$@"
