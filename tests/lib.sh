# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests/run.sh and examples/quickstart.sh share: saying, and installing what is missing.
# Read in with `.`, after the caller has set -u.  POSIX sh.

started=$(date +%s)

# One line that says what happens now, with the seconds since the start.
say() {
	printf '[%4d s] %s\n' $(($(date +%s) - started)) "$*"
}

# A clear end.  The first argument is the exit status.
die() {
	status=$1
	shift
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit "$status"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

can_be_root() {
	[ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Is the thing that a Debian package brings here, whoever brought it?
present() {
	case $1 in
	gcc) command -v cc >/dev/null && command -v gcc >/dev/null ;;
	libc6-dev) echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 ;;
	ninja-build) command -v ninja >/dev/null || command -v ninja-build >/dev/null ;;
	pkg-config | meson | valgrind | clang | openssl | python3) command -v "$1" >/dev/null ;;
	binutils) command -v nm >/dev/null ;;
	g++) command -v g++ >/dev/null ;;
	gnutls-bin) command -v certtool >/dev/null ;;
	iproute2) command -v ip >/dev/null ;;
	libgnutls28-dev) pkg-config --exists gnutls 2>/dev/null ;;
	libgsasl-dev) pkg-config --exists libgsasl 2>/dev/null ;;
	libc-ares-dev) pkg-config --exists libcares 2>/dev/null ;;
	libidn2-dev) pkg-config --exists libidn2 2>/dev/null ;;
	check) pkg-config --exists check 2>/dev/null ;;
	*) dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed ;;
	esac
}

missing() {
	for package in "$@"; do
		present "$package" || printf '%s ' "$package"
	done
}

# Debian starts a service as soon as its package is installed, unless this file forbids it.
policy=/usr/sbin/policy-rc.d
hold_services() {
	holding=no
	[ -e "$policy" ] && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" &&
		holding=yes
}
release_services() {
	[ "${holding:-no}" = yes ] && as_root rm -f "$policy"
	holding=no
}

# apt-get that asks nothing, waits for another one to end, and reads no standard input.
apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# In a subshell, whose traps are its own: the packages, as one word.
install_packages() (
	log=$(mktemp) || exit 1
	trap 'release_services; rm -f "$log"' EXIT
	trap 'exit 130' INT TERM
	hold_services
	apt update >"$log" 2>&1 # where a mirror is away, installing may still do
	# shellcheck disable=SC2086 # a list of words
	apt install --no-install-recommends $1 >>"$log" 2>&1 && exit 0
	tail -n 15 "$log" >&2
	die 69 "apt-get could not install: $1(its last words are above)"
)

# need PACKAGE...: install those that are missing, or end with a sentence that names them.
need() {
	lacking=$(missing "$@")
	[ -z "$lacking" ] && return
	command -v apt-get >/dev/null || die 69 "missing here: ${lacking}(Debian's package names)." \
		"There is no apt-get to install them with: install them by hand, then run this again."
	can_be_root || die 77 "missing here: ${lacking}- installing needs root or sudo." \
		"Run as root: apt-get install $lacking"
	say "installing ${lacking}"
	install_packages "$lacking" || exit
	hash -r
	still=$(missing "$@")
	[ -z "$still" ] || die 69 "still missing after installing: $still"
}
