#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/test.sh [--suite] [SUITE...]     all suites but those "only when named", or these
#   scripts/test.sh --quick                  a verdict in less than three minutes, on two processors
#   scripts/test.sh --rabbitmq VERSION ...   with all private nodes of RabbitMQ 4.0 or 4.3, by
#                                            default the suite integration
#   scripts/test.sh --prepare                only installs what all suites need
#
# Installs what is missing, builds, and runs the tests. The last line is "N passed, N failed" (and
# ", N skipped" when there were any), and the exit code is 1 if anything failed. What was skipped is
# listed before, with the command that runs it. Nothing is left running, and nothing in the
# temporary folder, also after Ctrl-C.
#
# --quick runs the unit tests without sanitizers, some of the integration tests, and lint, where
# slow checks look only at the files that differ from the main branch.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
# shellcheck source=tests/suites/lib/report.sh
. "$root/tests/suites/lib/report.sh"
# shellcheck source=tests/suites/lib/builds.sh
. "$root/tests/suites/lib/builds.sh"
cd "$root"

# A suite is a file in tests/suites. It begins with a comment that says what the suite tests, and:
#   packages: PURPOSE     what scripts/prepare.sh is to install, beyond build, demo and test
#   on-request: PURPOSE   the same, but only --prepare installs it
#   builds: NAME...       what is built before (tests/suites/lib/builds.sh)
#   broker: yes           the suite uses the private RabbitMQ that all suites share
#   runs: first | beside | last | only when named
#   quick: yes            --quick runs it
# Suites that wait more than they work run beside the others, in a process of their own that the
# others give way to. What they print comes after the others. The last ones have bounds of seconds
# that neighbours would break.

# about SUITE, field SUITE NAME: from the comment that the file begins with.
about() { sed -n '4,/^#$/s/^# \(.*\)/\1/p' "tests/suites/$1.sh"; }
field() { sed -n "/^#/!q; s/^# $2: //p" "tests/suites/$1.sh"; }
all_suites() { for file in tests/suites/*.sh; do basename "$file" .sh; done; }
help() {
	local name words
	sed -n '4,/^set -/s/^# \{0,3\}//p' scripts/test.sh
	say $'\nSuites:'
	for name in $(all_suites); do
		words=$(about "$name")
		[ "$(field "$name" runs)" != "only when named" ] || words+=$'\nOnly when named.'
		printf '  %-13s%s\n' "$name" "${words//$'\n'/$'\n'               }"
	done
}

suites=() rabbitmq='' quick='' prepare_only=''
while [ $# -gt 0 ]; do
	case $1 in
	--suite) ;;
	--quick) quick=1 ;;
	--prepare) prepare_only=1 ;;
	--rabbitmq)
		rabbitmq=${2:-}
		shift
		;;
	-h | --help)
		help
		exit
		;;
	*)
		case $1 in */* | "") false ;; *) [ -f "tests/suites/$1.sh" ] ;; esac || {
			note "unknown argument '$1' (see --help)"
			exit 64
		}
		suites+=("$1")
		;;
	esac
	shift
done
if [ ${#suites[@]} -eq 0 ] && [ -n "$rabbitmq" ]; then suites=(integration); fi
if [ ${#suites[@]} -eq 0 ]; then
	for suite in $(all_suites); do
		if [ -n "$quick" ] && [ "$(field "$suite" quick)" != yes ]; then continue; fi
		[ "$(field "$suite" runs)" = "only when named" ] || suites+=("$suite")
	done
fi

# ------------------------------------------------------------------------------------- preparation

purposes=(build demo test)
for suite in "${suites[@]}"; do
	mapfile -t -O ${#purposes[@]} purposes < <(field "$suite" packages)
	[ -z "$prepare_only" ] ||
		mapfile -t -O ${#purposes[@]} purposes < <(field "$suite" on-request)
done
[ -z "$rabbitmq" ] || purposes+=(newer)
scripts/prepare.sh "${purposes[@]}"
[ -z "$prepare_only" ] || exit 0

suite=
base=${TMPDIR:-/tmp}
work=$(mktemp -d "$base/warren-test.XXXXXX")
: >"$work/results"
export TMPDIR=$work # what the tests leave there goes with it
# Debian's python3. A version manager's takes a second to start, and many handlers are Python's.
mkdir "$work/bin"
ln -s /usr/bin/python3 "$work/bin/python3"
PATH=$work/bin:$PATH
broker_dir='' broker_url='' mgmt_url=''
beside=() # suites that run at the same time as the others
beside_pid=
last=() # suites that run when all others have ended

cleanup() {
	trap '' INT TERM HUP
	end_beside
	[ -z "$broker_dir" ] || stop_broker "$broker_dir" >/dev/null 2>&1 || :
	end_leftovers "$work" # all that was started has it in its environment, as TMPDIR
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export CK_VERBOSITY=normal
ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export ASAN_OPTIONS UBSAN_OPTIONS
export PYTHONDONTWRITEBYTECODE=1

# -------------------------------------------------------------------------------------- the suites

# Runs the suite with what it needs. A build or a broker that fails is a failure of its own.
run_suite() {
	local name
	suite=$1
	step "$suite: $(about "$suite" | head -n 1)"
	for name in $(field "$suite" builds); do "build_$name" || return 0; done
	[ "$(field "$suite" broker)" != yes ] || need_broker || return 0
	# shellcheck source=/dev/null
	. "tests/suites/$suite.sh"
}

# Divides the suites into first and middle ones (left in suites), beside and last.
divide() {
	local name first=() middle=()
	for name in "${suites[@]}"; do
		case $(field "$name" runs) in
		first) first+=("$name") ;;
		beside) beside+=("$name") ;;
		last) last+=("$name") ;;
		*) middle+=("$name") ;;
		esac
	done
	if [ ${#first[@]} -gt 0 ] || [ ${#middle[@]} -gt 0 ]; then
		suites=("${first[@]}" "${middle[@]}")
	else
		beside=() last=() # nothing to be beside of
	fi
}

run_beside() {
	local name
	trap - EXIT # its parent cleans up
	trap 'exit 143' INT TERM HUP
	for name in "${beside[@]}"; do run_suite "$name"; done
	: >"$work/beside.done"
}

begin_beside() {
	[ ${#beside[@]} -gt 0 ] || return 0
	build_plain || return 0 # here, so that no two processes build the same folder
	say "beside the others: ${beside[*]}"
	run_beside >"$work/beside.log" 2>&1 &
	beside_pid=$!
	renice -n 10 -p $$ >/dev/null || :
}

join_beside() {
	[ ${#beside[@]} -gt 0 ] || return 0
	step "beside the others: ${beside[*]}"
	[ -z "$beside_pid" ] || wait "$beside_pid" || :
	beside_pid=
	[ ! -f "$work/beside.log" ] || cat "$work/beside.log"
	[ -f "$work/beside.done" ] ||
		fail "the suites beside the others (${beside[*]}) run to their end"
}

# SIGTERM first, so that the suites end what they started. cleanup ends the rest.
end_beside() {
	local child tries=0
	[ -n "$beside_pid" ] || return 0
	for child in $(pgrep -P "$beside_pid"); do kill -TERM "$child" 2>/dev/null || :; done
	kill -TERM "$beside_pid" 2>/dev/null || :
	while kill -0 "$beside_pid" 2>/dev/null && [ $((tries += 1)) -lt 100 ]; do sleep 0.1; done
}

# ------------------------------------------------------------------------------------- the results

# how_to_run SUITE: the command that runs what was skipped.
how_to_run() {
	local wanted
	wanted=$(field "$1" on-request)
	[ -n "$wanted" ] || wanted=$(field "$1" packages)
	printf '%sscripts/test.sh %s' "${wanted:+scripts/prepare.sh $wanted && }" "$1"
}

conclude() {
	local word n name
	say ""
	while read -r word n name; do
		case $word in
		failed) say "failed: $name" ;;
		skipped) say "skipped: ${name#* }. To run it: $(how_to_run "${name%% *}")" ;;
		esac
	done < <(grep -v '^passed' "$work/results")
	word=
	n=$(counted skipped)
	[ "$n" = 0 ] || word=", $n skipped"
	say "$(counted passed) passed, $(counted failed) failed$word"
	[ "$(counted failed)" = 0 ]
}

if [ -n "$rabbitmq" ]; then
	version=$(scripts/newer-rabbitmq.sh make "$rabbitmq")
	say "private nodes are of RabbitMQ $version"
	export BROKER_ROOT=$root/build-rabbitmq-$rabbitmq
fi
divide
begin_beside
for name in "${suites[@]}"; do run_suite "$name"; done
join_beside
for name in "${last[@]}"; do run_suite "$name"; done
conclude
