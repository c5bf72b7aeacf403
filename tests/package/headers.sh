#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# headers.sh HEADER...: each public header compiles by itself in every language that may include
# it, with every compiler that is here, without a warning.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

# try COMPILER LANGUAGE STANDARD HEADER
try() {
	# Twice, for its guard; and nothing else before it, so that it includes what it needs.
	printf '#include <%s>\n' "$(basename "$4")" "$(basename "$4")" >"$work/unit"
	echo 'int main(void) { return POSTERN_OK; }' >>"$work/unit"
	if "$1" -x "$2" -std="$3" -pedantic -Wall -Wextra -Werror -I "$(dirname "$4")" \
		-c -o "$work/object" "$work/unit" 2>"$work/errors"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$1 -std=$3 does not take $(basename "$4"):"
		cat "$work/errors"
	fi
}

for header in "$@"; do
	for compiler in gcc clang; do
		command -v $compiler >/dev/null || continue
		for standard in c89 c99 c11; do
			try $compiler c $standard "$header"
		done
	done
	for compiler in g++ clang++; do
		# clang++ without a C++ library cannot include even <stddef.h> on some systems.
		echo '#include <stddef.h>' | $compiler -x c++ -fsyntax-only - 2>/dev/null || continue
		try $compiler c++ c++17 "$header"
	done
done
echo "$passed compilations, $failed with a warning or an error"
[ $failed -eq 0 ] && [ $passed -ge 3 ]
