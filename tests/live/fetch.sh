#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# fetch.sh DIRECTORY: put real mail servers (Postfix, Dovecot, Exim, aiosmtpd) below DIRECTORY.
# They are unpacked from Debian's packages, not installed: mail servers conflict with each other
# as packages, and a test must not replace the one that this machine may be using.  Only shared
# libraries that they need are installed.  Exit 77 with a reason where that cannot be done.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"

[ $# -eq 1 ] || die 64 "usage: fetch.sh DIRECTORY"
servers='postfix dovecot-core exim4-daemon-heavy libnss-wrapper
	python3-aiosmtpd python3-public python3-attr'
mkdir -p "$1" && target=$(cd "$1" && pwd) || die 77 "cannot write to $1"

# Shared libraries that are named by the packages and not yet installed.
libraries() {
	for deb in "$1"/*.deb; do
		dpkg-deb -f "$deb" Depends
	done | tr ',' '\n' | sed -n 's/^ *\(lib[a-z0-9.+-]*\).*/\1/p' | grep -v '^libjs-' | sort -u
}

[ -e "$target/complete" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
	die 77 "the servers come from Debian's packages, and there is no apt-get here"

debs=$(mktemp -d) || die 77 "no temporary directory"
trap 'rm -rf "$debs"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$debs"
# shellcheck disable=SC2086 # a list of words
say fetching $servers
download() {
	# shellcheck disable=SC2086 # a list of words
	(cd "$debs" && apt-get -q download $servers) >"$debs/log" 2>&1
}
download || {
	can_be_root && apt update >/dev/null 2>&1
	download
} || {
	tail -n 5 "$debs/log" >&2
	die 77 "apt-get could not fetch the servers (its last words are above)"
}
for deb in "$debs"/*.deb; do
	dpkg-deb -x "$deb" "$target" || die 77 "cannot unpack $deb"
done
# Exim's program is set-user-ID root in its package; here it runs as one account without rights.
chmod -R u-s,g-s "$target/usr"
rm -rf "${target:?}/usr/share" "$target/var" "$target/etc"
# shellcheck disable=SC2046 # a list of words
(need $(libraries "$debs")) || exit 77
: >"$target/complete"
