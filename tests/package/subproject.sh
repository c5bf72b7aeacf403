#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# subproject.sh SOURCE: a project that has a copy of SOURCE in its subprojects/ builds with it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset DESTDIR PKG_CONFIG_PATH CFLAGS LDFLAGS

step() {
	"$@" >"$work/log" 2>&1 && return
	echo "FAILED: $*"
	tail -n 30 "$work/log"
	exit 1
}

mkdir -p "$work/project/subprojects/postern"
(cd "$source" && tar -cf - --exclude=./.git --exclude='./build*' .) |
	tar -xf - -C "$work/project/subprojects/postern" || exit 1
cp "$here/consumer.c" "$work/project"
cat >"$work/project/meson.build" <<'END'
project('consumer', 'c')
postern = dependency('postern', fallback: 'postern',
  default_options: ['examples=disabled', 'tests=disabled'])
test('consumer', executable('consumer', 'consumer.c', dependencies: postern))
END
# By name, so that a copy installed on this system is not taken instead.
step meson setup "$work/build" "$work/project" --force-fallback-for=postern
step meson test -C "$work/build" consumer
grep -E '^(Ok|Fail)' "$work/log"
