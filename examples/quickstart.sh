#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# From nothing to a sent mail: installs what the build needs, builds the library and two programs,
# starts the sandbox (a submission server for trying things) on loopback with one of its ports
# blocked, and sends a message through the port that is open.  No options, no input.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib.sh"
exec </dev/null
[ $# -eq 0 ] || die 64 'it takes no arguments'

build=$top/build-quickstart
say 'Postern: looking for what the build needs'
need gcc libc6-dev meson ninja-build pkg-config libgnutls28-dev libgsasl-dev libc-ares-dev libidn2-dev

# Set up, where that was not done before, and build.
make() {
	{ [ -f "$build/build.ninja" ] || meson setup "$build" "$top" -Dtests=disabled \
		-Dexamples=enabled; } && ninja -C "$build"
}

say "building in $build"
mkdir -p "$build" || die 73 "cannot write to $top"
log=$build/quickstart.log
make >"$log" 2>&1 || {
	# Left from another time or place: once more, from nothing.
	rm -rf "$build"
	mkdir -p "$build"
	make >"$log" 2>&1
} || {
	tail -n 25 "$log" >&2
	die 1 "it does not build; the whole log is $log"
}

work=$(mktemp -d) || die 1 'cannot make a temporary directory'
sandbox=
finish() {
	[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null
	wait
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

say 'starting the sandbox on 127.0.0.1: a port where connections come to nothing, as behind a'
say 'firewall, and one that is open; the system chooses both'
"$build/examples/sandbox/postern-sandbox" --dir "$work/sandbox" --ready-file "$work/ready" \
	--listen closed=127.0.0.1:0/starttls --listen open=127.0.0.1:0/implicit \
	--on closed --stalled >"$work/said" 2>&1 &
sandbox=$!
tries=0
until [ -s "$work/ready" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ] || ! kill -0 "$sandbox" 2>/dev/null; then
		cat "$work/said" >&2
		die 1 'the sandbox did not start (its words are above)'
	fi
	sleep 0.1
done
. "$work/ready" # DIR, POSTERN_URL and others

cat >"$work/message" <<'END'
From: Quick Start <start@example.org>
To: You <you@example.org>
Subject: It gets out

One port was blocked, so this came by the other.
END

say 'sending:'
echo
echo "\$ export POSTERN_URL='$POSTERN_URL'"
echo '$ postern-send --progress -f start@example.org you@example.org < message'
POSTERN_URL=$POSTERN_URL "$build/examples/postern-send" --progress -f start@example.org you@example.org \
	<"$work/message"
status=$?
echo
[ $status -eq 0 ] || {
	cat "$work/said" >&2
	die 1 "postern-send ended with exit status $status"
}

say 'what the sandbox received:'
echo
cat "$DIR"/Maildir/new/* || die 1 'the sandbox has no message'
echo
say 'done.  To go on:'
echo "  $build/examples/postern-send --help"
echo "  $build/examples/sandbox/postern-sandbox --help"
echo "  sh $top/tests/run.sh"
