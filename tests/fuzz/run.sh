#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/fuzz/run.sh BUILD SECONDS [NAME...]
#
# Runs the fuzzers of BUILD (-Dfuzz=enabled), all or those named, for SECONDS each, two at a time,
# from the inputs kept in tests/corpus/fuzz. What they learn is kept in BUILD/corpus, an input that
# makes one fail in BUILD/found. A line for each: "fuzz: ok NAME ..." or "fuzz: FAILED NAME ...",
# and above the latter what it said.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# one BUILD SECONDS NAME
one() {
	local build=$1 seconds=$2 name=$3 log runs code=0 more=()
	local program=$build/tests/fuzz/fuzz-$name
	local kept=$root/tests/corpus/fuzz/$name learned=$build/corpus/$name
	case $name in
	codec | protocol) more=("$root"/tests/corpus/jobs/{valid,invalid,strict}) ;;
	esac
	mkdir -p "$learned" "$build/found"
	log=$build/found/$name.log
	"$program" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=4096 \
		-use_value_profile=1 -artifact_prefix="$build/found/$name-" \
		"$learned" "$kept" "${more[@]}" >"$log" 2>&1 || code=$?
	if [ "$code" = 0 ] && grep -q '^Done ' "$log"; then
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
		echo "fuzz: ok $name ($runs runs in $seconds s)"
		rm -f "$log"
		return
	fi
	sed 's/^/  /' "$log" | tail -n 60
	echo "  To run it again: $program $build/found/$name-*"
	echo "  When the fault is mended, move the input to tests/corpus/fuzz/$name."
	echo "fuzz: FAILED $name (exit code $code)"
}

if [ "${1:-}" = --one ]; then
	shift
	one "$@"
	exit
fi
[ $# -ge 2 ] || {
	echo "usage: run.sh BUILD SECONDS [NAME...]" >&2
	exit 64
}
build=$(cd "$1" && pwd)
seconds=$2
shift 2
names=("$@")
[ ${#names[@]} -gt 0 ] ||
	for folder in "$root"/tests/corpus/fuzz/*; do names+=("${folder##*/}"); done
printf '%s\n' "${names[@]}" | xargs -P 2 -I NAME "${BASH_SOURCE[0]}" --one "$build" "$seconds" NAME
