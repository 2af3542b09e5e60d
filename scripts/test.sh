#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/test.sh [--rabbitmq VERSION] [--suite SUITE...]
#
# Installs what is missing, builds, and runs every test, or the suites named:
#   unit          no broker: as built by default (warnings are errors), and with ASan and UBSan
#   coverage      lines of common/ run by the unit tests: at least 90 %
#   integration   programs with ASan and UBSan against one private RabbitMQ
#   model         all states of tests/model/settle.pml, as it is and with deliberate errors, by Spin
#   fuzz          every fuzzer for a few seconds; WARREN_FUZZ_SECONDS=600 for long
#   valgrind      a worker under valgrind that runs 10,000 jobs
#   lint          clang-format, clang-tidy, cppcheck, shellcheck, codespell, mandoc
#   examples      the handlers of examples/ with their real interpreters, against wc
#   bench         scripts/bench.sh gives figures (which are judged by nobody here)
#   demo          scripts/demo.sh, over a folder with the oddest file names there can be
#   readme        every command of README.md
#   faults        everything around Warren breaks at random, and the jobs are counted (tests/faults/README.md); WARREN_FAULTS has
#                 options of tests/faults/chaos.py, such as "--seed 42 --duration 1h"
#   cluster       a cluster of three nodes under load whose leaders are killed; WARREN_CLUSTER has options of tests/faults/cluster.py
#   docker        the image of docker/ for real; skipped where nothing can build it
#   soak          a worker that runs a million jobs, or WARREN_SOAK_JOBS; only when named
#   long          hours, not minutes: only when named
# --rabbitmq 4.0 or 4.3: all private nodes are of that version (scripts/newer-rabbitmq.sh fetches it, which wants root), and the
# suite is integration unless another is named.
# demo, readme, faults and docker, which wait more than they work, and lint run beside the others, and what they say comes after
# them; cluster, whose bounds are seconds, runs when all others have ended.
# Ends with "N passed, N failed" (and ", N skipped" when there were any) and exit code 1 if anything failed. Nothing is left
# running, and nothing in the temporary folder, also after Ctrl-C.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
cd "$root"

all_suites=(
	unit
	coverage
	integration
	fuzz
	valgrind
	model
	examples
	bench
	demo
	readme
	faults
	cluster
	docker
	lint
)
named_suites=( # take long, or need more than a machine has: only when named
	soak
	long
)
is_suite() { case " ${all_suites[*]} ${named_suites[*]} " in *" $1 "*) ;; *) return 1 ;; esac }
suites=() rabbitmq=
while [ $# -gt 0 ]; do
	case $1 in
	--suite) ;;
	--rabbitmq)
		rabbitmq=${2:-}
		shift
		;;
	-h | --help)
		sed -n '4,/^set -/s/^# \{0,3\}//p' scripts/test.sh
		exit
		;;
	*)
		is_suite "$1" || {
			note "unknown argument '$1' (see --help)"
			exit 64
		}
		suites+=("$1")
		;;
	esac
	shift
done
if [ ${#suites[@]} -eq 0 ] && [ -n "$rabbitmq" ]; then suites=(integration); fi
[ ${#suites[@]} -gt 0 ] || suites=("${all_suites[@]}")

passed=0 failed=0 skipped=0
failures=()
beside=() # of the suites: run at the same time as the others
beside_pid=
last=() # of the suites: run when all others have ended
base=${TMPDIR:-/tmp}
work=$(mktemp -d "$base/warren-test.XXXXXX")
export TMPDIR=$work # what the tests leave there goes with it
# Debian's: a version manager's takes a second to start, and the handlers of many tests are Python's.
mkdir "$work/bin"
ln -s /usr/bin/python3 "$work/bin/python3"
PATH=$work/bin:$PATH
broker_dir=

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

# ---------------------------------------------------------------------------------------------------------------- bookkeeping

step() {
	say ""
	say "=== $1 (after $((SECONDS / 60)) min $((SECONDS % 60)) s)"
}
pass() {
	passed=$((passed + 1))
	say "ok       $1"
}
fail() {
	failed=$((failed + 1))
	failures+=("$1")
	say "FAILED   $1"
}
skip() {
	skipped=$((skipped + 1))
	say "skipped  $1"
}
# result NAME CODE: of a test that is a program; 77 means skipped.
result() {
	case $2 in
	0) pass "$1" ;;
	77) skip "$1" ;;
	*) fail "$1 (exit code $2)" ;;
	esac
}
# A program that a shell starts in the background does not hear SIGINT, nor does what it starts.
hears_ctrl_c=(env --default-signal=INT)
# run_test NAME COMMAND...
run_test() {
	local name=$1 code=0
	shift
	"$@" || code=$?
	result "$name" "$code"
}

# ---------------------------------------------------------------------------------------------------------------------- builds

declare -A built
build_targets=() # what ninja is to make; nothing: all
# build FOLDER OPTION...: configured once, built once per run. False: it does not build.
build() {
	local folder=$1 log=$work/build.log
	shift
	[ -z "${built[$folder]:-}" ] || return "${built[$folder]}"
	built[$folder]=0
	say "building $folder"
	if [ -f "$folder/build.ninja" ]; then
		meson configure "$folder" "$@" >"$log" 2>&1
	else
		rm -rf "$folder"
		meson setup "$folder" "$@" >"$log" 2>&1
	fi && ninja -C "$folder" "${build_targets[@]}" >>"$log" 2>&1 || built[$folder]=1
	if [ "${built[$folder]}" = 0 ]; then
		pass "$folder builds"
	else
		tail -n 60 "$log"
		fail "$folder builds"
	fi
	return "${built[$folder]}"
}
build_plain() { build build-test -Dwerror=true -Dtests=enabled; }
build_asan() { build build-asan -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false; }

# meson_suite FOLDER SUITE JOBS: runs it and counts its checks.
meson_suite() {
	local folder=$1 suite=$2 jobs=$3 log=$1/meson-logs/testlog.json line p f s
	rm -f "$log"
	meson test -C "$folder" --no-rebuild --suite "$suite" --num-processes "$jobs" --timeout-multiplier 3 --print-errorlogs || :
	[ -s "$log" ] || {
		fail "$suite in $folder: no tests were run"
		return
	}
	while read -r line; do
		case $line in
		[0-9]*)
			read -r p f s <<<"$line"
			passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
			say "$suite in $folder: $p passed, $f failed, $s skipped"
			;;
		SKIP*) say "skipped  $line" ;;
		*) failures+=("$folder: $line") ;;
		esac
	done < <(python3 scripts/test-results.py "$log")
}

# ---------------------------------------------------------------------------------------------------------------------- suites

export CK_VERBOSITY=normal
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

need_broker() {
	[ -z "$broker_dir" ] || return 0
	broker_dir=$work/broker
	say "starting a private RabbitMQ"
	(start_broker "$broker_dir" rabbitmq_management && echo "$broker_url $mgmt_url" >"$work/urls") ||
		{
			fail "a private RabbitMQ starts"
			return 1
		}
	read -r broker_url mgmt_url <"$work/urls"
	say "it is RabbitMQ $(curl -sf "$mgmt_url/api/overview" | sed 's/.*"rabbitmq_version":"\([^"]*\)".*/\1/')"
	export WARREN_TEST_AMQP_URL=$broker_url WARREN_TEST_MGMT_URL=$mgmt_url
}

suite_unit() {
	step "unit tests"
	if build_plain; then meson_suite build-test unit 2; fi
	if build_asan; then meson_suite build-asan unit 2; fi
}

# What only a broker can run is tested by the integration suite.
needs_broker='common/(amqp/(amqp_table|broker|broker_calls|broker_publish|dial|tls|link|link_thread|link_turn|declare)|settings/connect)\.c'
suite_coverage() {
	local failed_build=
	step "coverage of common/ by unit tests"
	build_targets=(unit-tests)
	build build-coverage -Dtests=enabled -Db_coverage=true -Doptimization=0 || failed_build=1
	build_targets=()
	[ -z "$failed_build" ] || return 0
	find build-coverage -name '*.gcda' -delete
	meson test -C build-coverage --no-rebuild --suite unit --num-processes 2 >"$work/cover.log" 2>&1 || say "(some of the tests fail: see unit)"
	say "without $needs_broker: they need a broker, and the integration tests run them"
	run_test "at least 90 % of the lines of common/ are run by unit tests" \
		gcovr --root . --filter 'common/.*\.c' --exclude "$needs_broker" --fail-under-line 90 build-coverage
}

suite_integration() {
	step "integration tests"
	build_asan || return 0
	need_broker || return 0
	meson_suite build-asan integration 3
}

suite_valgrind() {
	step "valgrind"
	build_plain || return 0
	need_broker || return 0
	run_test "10,000 jobs under valgrind" tests/scripts/valgrind.sh "$root/build-test" "$broker_url"
}

suite_soak() {
	step "soak"
	build_plain || return 0
	need_broker || return 0
	run_test "${WARREN_SOAK_JOBS:-1000000} jobs in one worker" \
		tests/scripts/soak.sh "$root/build-test" "$broker_url" "${WARREN_SOAK_JOBS:-1000000}"
}

# count_lines NAME COMMAND...: a check is a line "NAME: ok ...", "NAME: skipped ..." or "NAME: FAILED ..."; without one it did not run.
count_lines() {
	local name=$1 line checks=0
	shift
	while IFS= read -r line; do
		case $line in "$name: "*) checks=$((checks + 1)) ;; esac
		case $line in
		"$name: ok "*) pass "${line#"$name: ok "}" ;;
		"$name: skipped "*) skip "${line#"$name: skipped "}" ;;
		"$name: FAILED "*) fail "${line#"$name: FAILED "}" ;;
		*) say "$line" ;;
		esac
	done < <("$@" 2>&1 || :)
	[ "$checks" -gt 0 ] || fail "$name: no checks were run"
}

suite_model() {
	step "the model of the settle protocol"
	count_lines model tests/model/check.sh
}

suite_fuzz() {
	step "fuzzers"
	build_targets=(fuzzers)
	if CC=clang build build-fuzz -Dfuzz=enabled -Dtests=disabled -Db_sanitize=address,undefined -Db_lundef=false; then
		count_lines fuzz tests/fuzz/run.sh "$root/build-fuzz" "${WARREN_FUZZ_SECONDS:-4}"
	fi
	build_targets=()
}

suite_lint() {
	step "lint"
	build_plain || :
	count_lines lint scripts/lint.sh build-test
}

suite_examples() {
	step "examples"
	build_plain || return 0
	run_test "text statistics in sh, Python, JavaScript, C and over HTTP" tests/scripts/examples.sh "$root/build-test"
}

suite_bench() {
	step "the benchmark"
	build_plain || return 0
	run_test "the benchmark gives figures" tests/scripts/bench.sh "$root/build-test"
}

suite_demo() {
	step "the demo"
	build_plain || return 0
	run_test "the demo over odd file names" "${hears_ctrl_c[@]}" tests/scripts/demo.sh "$root/build-test"
	run_test "the demo ends on Ctrl-C and leaves nothing" "${hears_ctrl_c[@]}" tests/scripts/interrupt.sh "$root/build-test"
}

suite_readme() {
	step "README.md"
	run_test "every command of README.md" "${hears_ctrl_c[@]}" tests/scripts/readme.sh
}

# python_tests FOLDER: its unit tests, each of them counted.
python_tests() {
	local log=$work/python.log line
	(cd "$1" && python3 -B -m unittest -v) >"$log" 2>&1 || cat "$log"
	while IFS= read -r line; do
		case $line in
		*" ... ok") passed=$((passed + 1)) ;;
		*" ... FAIL" | *" ... ERROR") fail "$1: ${line% ... *}" ;;
		*" ... skipped"*) skip "$1: ${line% ... *}" ;;
		esac
	done <"$log"
	line=$(grep -E '^Ran [1-9][0-9]* tests' "$log") || fail "the unit tests of $1 run"
	say "unit tests in $1: $line"
}

suite_faults() {
	local options=()
	step "faults"
	python_tests tests/faults
	build_plain || return 0
	read -r -a options <<<"${WARREN_FAULTS:-}"
	export PYTHONDONTWRITEBYTECODE=1
	run_test "no job is lost in chaos" "${hears_ctrl_c[@]}" tests/faults/chaos.py --build build-test --quiet "${options[@]}"
	run_test "chaos ends on Ctrl-C and leaves nothing" "${hears_ctrl_c[@]}" tests/faults/interrupt.py build-test
}

suite_cluster() {
	local options
	step "a cluster whose leaders are killed"
	build_plain || return 0
	read -r -a options <<<"${WARREN_CLUSTER:-}"
	export PYTHONDONTWRITEBYTECODE=1
	run_test "nothing is lost when leaders of a cluster die" "${hears_ctrl_c[@]}" tests/faults/cluster.py --build build-test "${options[@]}"
}

# ---------------------------------------------------------------------------------------------------- suites beside the others

# What these suites do most is to wait: for deadlines, restarts, downloads (lint does not, but it makes both sides equally long).
# With others to run they go on beside them, in a process of its own, and the others, which want the processors, give way to them.
# Quiet ones have bounds of seconds that neighbours would break.
beside_suites=(demo readme faults docker lint)
quiet_suites=(cluster)

choose_beside() {
	local suite rest=()
	for suite in "${suites[@]}"; do
		case " ${beside_suites[*]} | ${quiet_suites[*]} " in
		*" $suite "*"|"*) beside+=("$suite") ;;
		*"|"*" $suite "*) last+=("$suite") ;;
		*) rest+=("$suite") ;;
		esac
	done
	if [ ${#rest[@]} -eq 0 ]; then beside=() last=(); else suites=("${rest[@]}"); fi
}

run_beside() {
	local suite
	trap - EXIT # its parent cleans up
	trap 'exit 143' INT TERM HUP
	passed=0 failed=0 skipped=0 failures=()
	for suite in "${beside[@]}"; do "suite_$suite"; done
	printf '%s\n' "$passed $failed $skipped" "${failures[@]}" >"$work/beside.result"
}

begin_beside() {
	[ ${#beside[@]} -gt 0 ] || return 0
	build_plain || return 0
	say "beside the others: ${beside[*]}"
	run_beside >"$work/beside.log" 2>&1 &
	beside_pid=$!
	renice -n 10 -p $$ >/dev/null || :
}

join_beside() {
	local p f s line
	[ ${#beside[@]} -gt 0 ] || return 0
	step "beside the others: ${beside[*]}"
	[ -z "$beside_pid" ] || wait "$beside_pid" || :
	beside_pid=
	[ ! -f "$work/beside.log" ] || cat "$work/beside.log"
	[ -s "$work/beside.result" ] || {
		fail "the suites beside the others (${beside[*]}) run to their end"
		return
	}
	{
		read -r p f s
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
		while IFS= read -r line; do [ -z "$line" ] || failures+=("$line"); done
	} <"$work/beside.result"
}

# Politely, so that what they started is ended by them; cleanup ends the rest.
end_beside() {
	local child tries=0
	[ -n "$beside_pid" ] || return 0
	for child in $(pgrep -P "$beside_pid"); do kill -TERM "$child" 2>/dev/null || :; done
	kill -TERM "$beside_pid" 2>/dev/null || :
	while kill -0 "$beside_pid" 2>/dev/null && [ $((tries += 1)) -lt 100 ]; do sleep 0.1; done
}

suite_docker() {
	step "docker"
	run_test "docker/Dockerfile and docker/compose.yaml" tests/docker/run.sh
}

suite_long() {
	step "long tests"
	build_asan || return 0
	need_broker || return 0
	meson_suite build-asan long 1
}

purposes=(build demo test)
for suite in "${suites[@]}"; do
	case $suite in
	fuzz | lint | model | valgrind) purposes+=("$suite") ;; # what these need has their name in prepare.sh
	docker) [ -z "${CI:-}" ] || purposes+=(docker) ;; # a whole dockerd: not on somebody's machine unasked
	esac
done
[ -z "$rabbitmq" ] || purposes+=(newer)
scripts/prepare.sh "${purposes[@]}"
if [ -n "$rabbitmq" ]; then
	version=$(scripts/newer-rabbitmq.sh make "$rabbitmq")
	say "private nodes are of RabbitMQ $version"
	export BROKER_ROOT=$root/build-rabbitmq-$rabbitmq
fi
choose_beside
begin_beside
for suite in "${suites[@]}"; do "suite_$suite"; done
join_beside
for suite in "${last[@]}"; do "suite_$suite"; done

say ""
for name in "${failures[@]}"; do say "failed: $name"; done
if [ "$skipped" -gt 0 ]; then
	say "$passed passed, $failed failed, $skipped skipped"
else
	say "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
