#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Measures Postern beside other clients.  See --help.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib.sh"
cd "$top" || exit 1
exec </dev/null

# Only the table is for standard output.
say() {
	printf '[%4d s] %s\n' $(($(date +%s) - started)) "$*" >&2
}

usage() {
	cat <<'END'
usage: bench/run.sh [BUILD-DIR] [--quick] [OPTION...]

Installs what is missing (Debian's packages; needs root or sudo for that), builds BUILD-DIR
(build-bench), runs the clients in turn against one server of our own, and prints one table and the
targets.  Some ten minutes.

  --quick       libraries in C only, shorter runs: some two minutes
  --markdown    the date and the kind of machine as well, for doc/speed.md
  --only NAMES, --measure NAMES
                these clients or measures only, separated by commas
END
}

build=build-bench
quick=no
options=
while [ $# -gt 0 ]; do
	case $1 in
	--quick)
		quick=yes
		options="$options $1"
		;;
	--markdown) options="$options $1" ;;
	--only | --measure)
		[ $# -gt 1 ] || die 64 "$1 wants names"
		options="$options $1 $2"
		shift
		;;
	--help | -h)
		usage
		exit 0
		;;
	-*) die 64 "unknown option '$1'; see --help" ;;
	*) build=$1 ;;
	esac
	shift
done

packages='gcc libc6-dev meson ninja-build pkg-config python3 valgrind libc6-dbg libgnutls28-dev libgsasl-dev
	libc-ares-dev libidn2-dev'
peers='libesmtp-dev libssl-dev libetpan-dev'
[ $quick = yes ] || peers="$peers msmtp php-cli libphp-phpmailer"
pkg-config --exists libcurl 2>/dev/null || peers="$peers libcurl4-gnutls-dev"
# shellcheck disable=SC2086 # lists of words
need $packages
# A client that cannot be had is left out.
for package in $peers; do
	(need "$package") || say "left out: $package"
done

# Postfix (smtp-source) and nodemailer are unpacked, not installed.
servers=$build/packages
fetch() {
	[ -e "$servers/complete" ] && return
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return
	mkdir -p "$servers/debs" || return
	for package in postfix node-nodemailer; do
		(cd "$servers/debs" && apt-get -q download "$package") >/dev/null 2>&1 ||
			say "left out: what $package brings"
	done
	for deb in "$servers"/debs/*.deb; do
		[ -e "$deb" ] && dpkg-deb -x "$deb" "$servers"
	done
	chmod -R u-s,g-s "$servers/usr" 2>/dev/null
	rm -rf "$servers/debs" "$servers/etc" "$servers/var" "$servers/lib"
	: >"$servers/complete"
}

say "building $build"
if [ -f "$build/build.ninja" ]; then
	set -- --reconfigure # for a library that has come since
else
	set -- -Dexamples=disabled -Dtests=disabled
fi
mkdir -p "$build" || die 73 "cannot write to $build"
{ meson setup "$build" "$@" && ninja -C "$build" bench; } \
	>"$build.log" 2>&1 || {
	tail -n 30 "$build.log" >&2
	die 70 "it does not build; the rest is in $build.log"
}
rm -f "$build.log"
[ $quick = yes ] || fetch
say 'measuring'
# shellcheck disable=SC2086 # a list of words
exec python3 bench/speed.py "$build" "$servers" $options
