#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# rooms.sh SOURCE [ARCHIVE...]: the walls between the rooms of lib/ stand.
#  - What a room's sources include: base/, the public header, and their own room.
#  - What a room's archive (libptn-ROOM.a) calls: the list below, and base/.
# Without archives only the sources are looked at (a sanitizer adds calls of its own).
set -u
LC_ALL=C
export LC_ALL
source=$1
shift
status=0

complain() {
	printf '%s\n' "$*"
	status=1
}

# Names in the C library that a room may call, as extended regular expressions.
memory='bcmp|mem(chr|cmp|cpy|move|set|mem)'
strings='str(len|n?cmp|n?chr|rchr|str|spn|cspn|nlen|pbrk)'
allowed() {
	case $1 in
	base) echo "$memory|$strings|malloc|calloc|realloc|free|explicit_bzero" ;;
	route) echo 'mem(cpy|move|set)' ;;
	smtp) echo "$memory|$strings|v?snprintf" ;;
	sasl) echo "$memory|$strings|v?snprintf|gsasl_[a-z0-9_]+|gnutls_(hash_fast|hmac_fast|pbkdf2|rnd|memcmp)" ;;
	tls) echo "$memory|$strings|v?snprintf|gnutls_[a-z0-9_]+|gmtime_r|time|__errno_location" ;; # a clock: sessions to resume end by time
	net) echo "$memory|$strings|v?snprintf|ares_[a-z0-9_]+|__errno_location|clock_gettime|$sockets" ;; # a clock: look-ups end by time
	*) echo "no room of this name: $1" >&2 ;;
	esac
}
sockets='socket|bind|connect|close|shutdown|fcntl(64)?|getpid|[gs]etsockopt|getsockname|getpeername'
sockets="$sockets|read|readv|write|writev|recv|recvmsg|send|sendmsg|poll|pipe2?|eventfd"
sockets="$sockets|epoll_(create1?|ctl|wait)|inet_(pton|ntop)|if_(nametoindex|indextoname)|hton[sl]|gethostname"
# What the compiler adds by itself.
compiler='_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(mem|str|v?snprintf)[a-z]*_chk'

includes_of() {
	sed -n 's/^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*\([<"][^>"]*\).*/\1/p' "$1"
}

# room_may_include ROOM FILE INCLUDED, for "..." includes
room_may_include() {
	case $3 in
	'"postern.h' | '"base/'*) return 0 ;;
	"\"$1/"*) return 0 ;;
	esac
	return 1
}

# header_belongs FILE INCLUDED: some system headers are for one place only.
header_belongs() {
	case $2 in
	'<gsasl'*) [ "$1" = sasl/gsasl.c ] ;;
	'<gnutls/crypto.h') case $1 in tls/* | sasl/crypt.c) ;; *) return 1 ;; esac ;;
	'<gnutls/'*) case $1 in tls/*) ;; *) return 1 ;; esac ;;
	'<ares'* | '<sys/socket.h' | '<sys/epoll.h' | '<sys/un.h' | '<netinet/'* | '<arpa/'* | '<netdb.h' | '<net/'*)
		case $1 in net/*) ;; *) return 1 ;; esac ;;
	'<poll.h' | '<sys/poll.h' | '<sys/select.h')
		case $1 in net/* | wait.c) ;; *) return 1 ;; esac ;;
	esac
}

look_at_sources() {
	seen=0
	for file in "$source"/lib/*.[ch] "$source"/lib/*/*.[ch]; do
		[ -f "$file" ] || continue
		seen=$((seen + 1))
		name=${file#"$source"/lib/}
		room=${name%/*}
		for included in $(includes_of "$file"); do
			header_belongs "$name" "$included" || complain "lib/$name may not include ${included#?}"
			case $name in */*) ;; *) continue ;; esac
			case $included in '<'*) continue ;; esac
			room_may_include "$room" "$file" "$included" ||
				complain "lib/$name reaches into another room: ${included#?}"
		done
	done
	[ $seen -gt 0 ] || complain "no sources below $source/lib"
	echo "$seen sources looked at"
}

defined() {
	nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort -u
}

look_at_archive() { # ARCHIVE BASE WORK
	room=$(basename "$1" .a)
	room=${room#libptn-}
	list=$(allowed "$room")
	[ -n "$list" ] || complain "$1: a room without a list"
	defined "$1" "$2" >"$3/known"
	[ -s "$3/known" ] || complain "$1: defines nothing"
	[ "$room" = route ] && defined "$1" >"$3/known" # needs nothing at all, not even base/
	nm -u "$1" 2>/dev/null | awk 'NF == 2 && $1 == "U" { print $2 }' | sort -u >"$3/wanted"
	for name in $(comm -23 "$3/wanted" "$3/known" | grep -vxE "$list|$compiler"); do
		complain "room $room may not call $name"
	done
	echo "room $room: $(wc -l <"$3/wanted") names called"
}

look_at_sources
[ $# -eq 0 ] && exit $status
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
base=
for archive in "$@"; do
	case $archive in */libptn-base.a) base=$archive ;; esac
done
[ -n "$base" ] || complain 'libptn-base.a is not among the archives'
for archive in "$@"; do
	look_at_archive "$archive" "$base" "$work"
done
exit $status
