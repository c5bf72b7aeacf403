#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds Postern in every way that is tested and runs every test.  See --help.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib.sh"
cd "$top" || exit 1
exec </dev/null

steps='gcc clang asan valgrind package mutation live'

usage() {
	cat <<'END'
usage: tests/run.sh [--quick] [--only STEP] [--long] [--keep] [--help]

Installs what is missing (Debian's packages; needs root or sudo for that), builds, and runs the
tests.  The last line is "N passed, N failed", with ", N skipped" behind it if this machine cannot
run some.  The exit status is 0 if nothing failed, 1 if something did, 64 for a wrong option.

steps, in this order:
  gcc       build with gcc, warnings are errors; unit tests, stories, the sandbox
  clang     build with clang, warnings are errors; unit tests
  asan      build with AddressSanitizer and UndefinedBehaviorSanitizer; as gcc
  valgrind  unit tests of the gcc build, under valgrind
  package   installing, subproject, headers, exported names, the walls between the rooms
  mutation  mistakes are planted into a copy, and some test must notice each; a few of them, or
            all with --long or --only mutation
  live      against real servers: Postfix with Dovecot, Exim, aiosmtpd

  --quick      only the step gcc
  --only STEP  only this step (may be given again for another)
  --long       larger campaigns: 50,000 seeded worlds for the library on a fake network, every
               pair of failures on two ports over real sockets, and 5,000 mails in nearly
               every queue to real servers
  --keep       use the builds of the last run again, and leave the live tests' servers'
               directories (below /tmp) to be looked at

The builds stay in build-gcc, build-clang and build-asan, with their logs in meson-logs/.
END
}

misused() {
	printf 'run.sh: %s\nTry: sh tests/run.sh --help\n' "$*" >&2
	exit 64
}

wanted=
keep=no
while [ $# -gt 0 ]; do
	case $1 in
	--quick) wanted="$wanted gcc" ;;
	--only)
		[ $# -gt 1 ] || misused "--only wants a step: one of $steps"
		case " $steps " in *" $2 "*) ;; *) misused "no step is called '$2'; there are: $steps" ;; esac
		wanted="$wanted $2"
		shift
		;;
	--long)
		POSTERN_SEEDS=50000
		POSTERN_LONG=yes
		export POSTERN_SEEDS POSTERN_LONG
		;;
	--keep) keep=yes ;;
	--help | -h)
		usage
		exit 0
		;;
	*) misused "unknown option '$1'" ;;
	esac
	shift
done
wanted=${wanted:-$steps}

wants() {
	case " $wanted " in *" $1 "*) return 0 ;; esac
	return 1
}

results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
trap 'exit 130' INT TERM

# Every result is a line "pass|FAIL|skip WHAT"; the last line counts them.
record() {
	printf '%s\n' "$*" >>"$results"
}

# build NAME COMPILER OPTION...: a build directory build-NAME, built.  A build counts as a test.
build() {
	name=$1
	compiler=$2
	shift 2
	directory=build-$name
	[ $keep = yes ] && [ -f "$directory/build.ninja" ] || rm -rf "$directory"
	say "$name: building with $compiler"
	mkdir -p "$directory" || die 73 "cannot write to $top"
	log=$directory/build.log
	if { [ -f "$directory/build.ninja" ] ||
		CC=$compiler meson setup "$directory" -Dwarning_level=3 -Dexamples=enabled \
			-Dtests=enabled "$@"; } >"$log" 2>&1 &&
		ninja -C "$directory" >>"$log" 2>&1; then
		record "pass $name: builds"
		return 0
	fi
	record "FAIL $name: builds"
	grep -E -A 12 'FAILED:|error:|ERROR' "$log" | head -n 60
	echo "(the rest is in $top/$log)"
	return 1
}

runner=

# check LABEL BUILD OPTION...: run meson test there, and count.
check() {
	label=$1
	directory=$2
	shift 2
	say "$label: running tests"
	rm -f "$directory/meson-logs/$label"*
	# shellcheck disable=SC2086 # runner is a list of words, or nothing
	$runner meson test -C "$directory" --no-rebuild --logbase "$label" "$@" \
		>"$directory/meson-logs/$label.console" 2>&1
	# With --wrap, Meson adds the name of the wrapper.
	for testlog in "$directory/meson-logs/$label"*.json; do
		if [ -s "$testlog" ] && python3 tests/tally.py count "$label" "$testlog" >"$results.new"; then
			cat "$results.new" >>"$results"
			say "$label: $(grep -c ^pass "$results.new") passed, $(grep -c ^FAIL "$results.new") failed"
		else
			record "FAIL $label: no test was run"
			tail -n 20 "$directory/meson-logs/$label.console"
		fi
	done
	rm -f "$results.new"
}

# check_programs LABEL BUILD OPTION...: the same for the unit tests only.
check_programs() {
	programs=$(python3 tests/tally.py programs "$1" "$2")
	while read -r program; do # one name a line, perhaps with blanks in it
		set -- "$@" "$program"
	done <<END
${programs:-there is none}
END
	check "$@"
}

# The gcc build is what valgrind, package and live use too.
gcc_state=unknown
gcc_build() {
	if [ $gcc_state = unknown ]; then
		gcc_state=broken
		build gcc gcc -Dwerror=true && gcc_state=good
	fi
	[ $gcc_state = good ]
}

step_gcc() {
	gcc_build && check gcc build-gcc --no-suite live --no-suite package
}

step_clang() {
	build clang clang -Dwerror=true && check_programs clang build-clang
}

step_asan() {
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	POSTERN_SAMPLE=4
	[ -z "${POSTERN_LONG:-}" ] || POSTERN_SAMPLE=1
	export ASAN_OPTIONS UBSAN_OPTIONS POSTERN_SAMPLE
	# Warnings are no errors here: with its checks built in, gcc warns of what cannot happen.
	build asan gcc -Db_sanitize=address,undefined -Db_lundef=false &&
		check asan build-asan --no-suite live --no-suite package --no-suite netns \
			--timeout-multiplier 4
	unset ASAN_OPTIONS UBSAN_OPTIONS POSTERN_SAMPLE
}

step_valgrind() {
	gcc_build || return
	CK_FORK=no
	POSTERN_SLOW=yes
	export CK_FORK POSTERN_SLOW
	check_programs valgrind build-gcc --timeout-multiplier 20 --wrap \
		'valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --error-exitcode=99'
	unset CK_FORK POSTERN_SLOW
}

step_package() {
	gcc_build && check package build-gcc --suite package --timeout-multiplier 3
}

step_mutation() {
	share=0/14
	[ "$wanted" != ' mutation' ] && [ -z "${POSTERN_LONG:-}" ] || share=0/1
	say 'mutation: planting mistakes into a copy'
	python3 tests/mutation/mutation.py --share $share >"$results.new" 2>&1
	cat "$results.new"
	sed -n -e 's/^\([a-z0-9-]*\) (.*): noticed by.*/pass mutation: \1/p' \
		-e 's/^\([a-z0-9-]*\) (.*): \(SURVIVED\|BROKEN\).*/FAIL mutation: \1/p' "$results.new" >>"$results"
	grep -q '^[0-9]* mutants, ' "$results.new" || record 'FAIL mutation: no mutant was tried'
	rm -f "$results.new"
}

step_live() {
	gcc_build || return
	say 'live: unpacking Postfix, Dovecot, Exim and aiosmtpd'
	why=$(sh tests/live/fetch.sh build-servers 2>&1 >/dev/null) || {
		why=$(printf '%s\n' "$why" | tail -n 1)
		for test in tests/live/*_test.py; do
			record "skip live: $(basename "$test" _test.py) - $why"
		done
		return
	}
	# The servers change to accounts of their own, which only root may do.
	if [ "$(id -u)" -ne 0 ] && can_be_root; then
		runner="sudo -n env POSTERN_KEEP=${POSTERN_KEEP:-} POSTERN_LONG=${POSTERN_LONG:-}"
	fi
	check live build-gcc --suite live --timeout-multiplier 3
	[ -z "$runner" ] || sudo -n chown -R "$(id -u):$(id -g)" build-gcc/meson-logs
	runner=
}

if [ $keep = yes ]; then
	POSTERN_KEEP=yes
	export POSTERN_KEEP
fi

say "Postern: $(echo "$wanted" | xargs)"
packages='gcc libc6-dev meson ninja-build pkg-config python3 check gnutls-bin openssl iproute2
	libgnutls28-dev libgsasl-dev libc-ares-dev libidn2-dev softhsm2
	krb5-kdc krb5-user krb5-admin-server'
wants clang && packages="$packages clang"
wants valgrind && packages="$packages valgrind libc6-dbg"
wants package && packages="$packages binutils g++ libunistring-dev"
# shellcheck disable=SC2086 # a list of words
need $packages

for step in $steps; do
	if wants "$step"; then
		"step_$step"
	fi
done

count() {
	grep -c "^$1 " "$results"
}
echo
[ "$(count FAIL)" -eq 0 ] || {
	echo 'Failed:'
	sed -n 's/^FAIL /  /p' "$results"
}
[ "$(count skip)" -eq 0 ] || {
	echo 'Skipped, because this machine cannot run them:'
	sed -n 's/^skip /  /p' "$results"
}
say 'done'
line="$(count pass) passed, $(count FAIL) failed"
[ "$(count skip)" -eq 0 ] || line="$line, $(count skip) skipped"
echo "$line"
[ "$(count FAIL)" -eq 0 ] && [ "$(count pass)" -gt 0 ]
