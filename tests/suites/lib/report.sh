# shellcheck shell=bash disable=SC2154 # the runner sets root, work and suite
# SPDX-License-Identifier: Apache-2.0
# How tests are run, counted and told. All results go to one file, also those of the suites that run
# beside the others: "passed N", "failed N NAME" and "skipped N SUITE NAME" are its lines.

tally() { printf '%s\n' "$*" >>"$work/results"; }
# counted WORD: the sum of the passed, failed or skipped.
counted() { awk -v word="$1" '$1 == word { n += $2 } END { print n + 0 }' "$work/results"; }

step() {
	say ""
	say "=== $1 (after $((SECONDS / 60)) min $((SECONDS % 60)) s)"
}
pass() {
	tally passed 1
	say "ok       $1"
}
fail() {
	tally failed 1 "$1"
	say "FAILED   $1"
}
# skip NAME [REASON]
skip() {
	tally skipped 1 "$suite" "$1${2:+ ($2)}"
	say "skipped  $1${2:+ ($2)}"
}

# A program that a shell starts in the background ignores SIGINT, and so does what it starts.
# shellcheck disable=SC2034 # for the suites
hears_ctrl_c=(env --default-signal=INT)

# run_test NAME COMMAND...: the command is the test. With exit code 77 it was skipped, and it may
# have written the reason to the file that SKIP_REASON names.
run_test() {
	local name=$1 code=0
	shift
	: >"$work/skip-reason.$suite"
	SKIP_REASON=$work/skip-reason.$suite "$@" || code=$?
	case $code in
	0) pass "$name" ;;
	77) skip "$name" "$(cat "$work/skip-reason.$suite")" ;;
	*) fail "$name (exit code $code)" ;;
	esac
}

# count_lines NAME COMMAND...: each line "NAME: ok ...", "NAME: skipped ..." or "NAME: FAILED ..."
# that the command prints is a test. Without one the command failed.
count_lines() {
	local name=$1 line tests=0
	shift
	while IFS= read -r line; do
		case $line in "$name: "*) tests=$((tests + 1)) ;; esac
		case $line in
		"$name: ok "*) pass "${line#"$name: ok "}" ;;
		"$name: skipped "*) skip "${line#"$name: skipped "}" ;;
		"$name: FAILED "*) fail "${line#"$name: FAILED "}" ;;
		*) say "$line" ;;
		esac
	done < <("$@" 2>&1 || :)
	[ "$tests" -gt 0 ] || fail "$name: no tests were run"
}

# meson_suite FOLDER SUITE JOBS: runs the tests of a suite of meson's and counts their checks.
meson_suite() {
	local folder=$1 tests=$2 jobs=$3 log=$1/meson-logs/testlog.json line p f s
	rm -f "$log"
	meson test -C "$folder" --no-rebuild --suite "$tests" --num-processes "$jobs" \
		--timeout-multiplier 3 --print-errorlogs || :
	[ -s "$log" ] || {
		fail "$tests in $folder: no tests were run"
		return 0
	}
	while read -r line; do
		case $line in
		[0-9]*)
			read -r p f s <<<"$line"
			tally passed "$p"
			say "$tests in $folder: $p passed, $f failed, $s skipped"
			;;
		SKIP*) skip "$folder: ${line#SKIP: }" ;;
		*) tally failed "${line%%: *}" "$folder: ${line#*: }" ;;
		esac
	done < <(python3 tests/suites/lib/results.py "$log")
}

# python_tests FOLDER: runs its unit tests and counts each of them.
python_tests() {
	local log=$work/python.log line
	(cd "$1" && python3 -B -m unittest -v) >"$log" 2>&1 || cat "$log"
	while IFS= read -r line; do
		case $line in
		*" ... ok") tally passed 1 ;;
		*" ... FAIL" | *" ... ERROR") fail "$1: ${line% ... *}" ;;
		*" ... skipped"*) skip "$1: ${line% ... *}" ;;
		esac
	done <"$log"
	line=$(grep -E '^Ran [1-9][0-9]* tests' "$log") || fail "the unit tests of $1 run"
	say "unit tests in $1: $line"
}
