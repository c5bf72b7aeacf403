#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# exports.sh LIBRARY HEADER...: the names that the shared library exports are those of exports.txt,
# and those are the functions that the public headers declare.
set -u
LC_ALL=C
export LC_ALL
list=$(dirname "$0")/exports.txt
library=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
status=0

# compare WHAT FILE: FILE has the same names as exports.txt, and has some.
compare() {
	[ -s "$2" ] || {
		echo "$1: no names at all"
		status=1
	}
	diff "$list" "$2" >"$work/diff" && return
	echo "$1 differs from exports.txt:"
	sed -n 's/^< /  only in exports.txt: /p; s/^> /  not in exports.txt: /p' "$work/diff"
	status=1
}

sort -cu "$list" || status=1
# Version nodes, if there are any, are absolute symbols (A).
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort >"$work/exported"
compare "$(basename "$library")" "$work/exported"
# The name of a function is what stands before the first parenthesis of its declaration.
sed -n 's/^POSTERN_API \([^(]*[ *]\)\([a-z0-9_]*\)(.*/\2/p' "$@" | sort >"$work/declared"
compare "the public header" "$work/declared"
exit $status
