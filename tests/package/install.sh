#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# install.sh SOURCE: install into an empty prefix, then build a program outside the tree against
# it: shared, with the static library, and against the build directory.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
compiler=${CC:-cc}
unset DESTDIR PKG_CONFIG_PATH LD_LIBRARY_PATH CFLAGS LDFLAGS
status=0

fail() {
	printf 'FAILED: %s\n' "$*"
	status=1
}

step() {
	"$@" >"$work/log" 2>&1 && return
	echo "FAILED: $*"
	tail -n 30 "$work/log"
	exit 1
}

# use WHAT LIBRARY_PATH OPTION...: build the program with the options, and run it.
use() {
	what=$1
	path=$2
	shift 2
	if ! "$compiler" -Wall -Wextra -Werror -o "$work/consumer" "$here/consumer.c" "$@" >"$work/log" 2>&1
	then
		fail "$what: does not build with $*"
		cat "$work/log"
	elif ! LD_LIBRARY_PATH=$path "$work/consumer"; then
		fail "$what: the program says no"
	else
		echo "ok: $what"
	fi
}

prefix=$work/prefix
step meson setup "$work/build" "$source" --prefix "$prefix" --libdir lib \
	-Dexamples=disabled -Dtests=disabled
step meson install -C "$work/build"

for file in include/postern.h lib/libpostern.so lib/libpostern.a lib/pkgconfig/postern.pc; do
	[ -s "$prefix/$file" ] || fail "$file was not installed"
done
stray=$(cd "$prefix" && find . ! -type d | grep -vE \
	'^\./(include/postern(-[a-z]+)?\.h|lib/libpostern\.(a|so(\.[0-9.]+)?)|lib/pkgconfig/postern\.pc|share/man/man[0-9]/[a-z0-9_-]+\.[0-9])$')
[ -z "$stray" ] || fail "installed, and nobody expects it: $stray"
find "$prefix/lib" ! -type d -printf "  %P %s\n" | sort

PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # lists of options, all of them
use 'shared library' "$prefix/lib" $(pkg-config --cflags --libs postern)
ldd "$work/consumer" | grep -q 'libpostern\.so\.[0-9]' || fail 'the shared library is not used'
case $(pkg-config --libs postern) in
*gnutls* | *gsasl* | *cares*) fail "a shared link names private libraries: $(pkg-config --libs postern)" ;;
esac

# This library static, the others shared: what it needs is what postern.pc names.
# shellcheck disable=SC2046
use 'static library' /nonexistent $(pkg-config --cflags postern) "$prefix/lib/libpostern.a" \
	$(pkg-config --libs $(pkg-config --print-requires-private postern | sed 's/ .*//'))
ldd "$work/consumer" | grep -q libpostern && fail 'the static link uses the shared library'

# The same by pkg-config --static, which names the libraries of the libraries too.  On Debian
# libgnutls28-dev does not bring all of them: libunistring-dev is to be installed by hand.
every=$(pkg-config --static --libs postern | sed "s|-lpostern|$prefix/lib/libpostern.a|")
# shellcheck disable=SC2046,SC2086
if echo 'int main(void) { return 0; }' | "$compiler" -x c -o "$work/empty" - -x none \
	$(pkg-config --static --libs gnutls libgsasl libcares libidn2) 2>/dev/null; then
	use 'pkg-config --static' /nonexistent $(pkg-config --cflags postern) $every
else
	echo 'not tried: pkg-config --static (a library that GnuTLS or libgsasl names is not here)'
fi

PKG_CONFIG_PATH=$work/build/meson-uninstalled
# shellcheck disable=SC2046
use 'build directory' "$work/build/lib" $(pkg-config --cflags --libs postern)
exit $status
