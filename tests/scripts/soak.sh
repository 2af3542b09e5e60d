#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/soak.sh BUILD AMQP-URL [JOBS [PERCENT]]
#
# One worker, JOBS (1,000,000) jobs that do nothing, in a plugin. Prints the worker's memory and
# descriptors after the first 50,000 (a fifth of the jobs, when there are fewer than 250,000) and at
# the end, and fails when the memory has grown by more than PERCENT (15) or the descriptors are not
# the same.
set -euo pipefail
build=$1
export AMQP_URL=$2
jobs=${3:-1000000}
percent=${4:-15}
first=$((jobs < 250000 ? jobs / 5 : 50000))
producer=$build/producer/warren-producer
dir=$(mktemp -d "${TMPDIR:-/tmp}/soak.XXXXXX")
queue=soak-$$-$RANDOM
worker='' batch=''
cleanup() {
	[ -z "$worker" ] || kill -KILL "$worker" 2>/dev/null || :
	[ -z "$batch" ] || kill -KILL "$batch" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
die() {
	echo "soak.sh: $*" >&2
	[ ! -f "$dir/log" ] || tail -n 20 "$dir/log" >&2
	exit 1
}
publish() {
	seq "$1" | sed 's/.*/{"type":"noop","args":[&,"text"]}/' |
		"$producer" batch - -q "$queue" --progress none
}
# depth WORD: the number that queue list shows for the queue under that word.
depth() {
	"$producer" queue list "$queue" --json |
		sed -n 's/.*"queue":.*"'"$1"'":\([0-9]*\).*/\1/p'
}
ready() { depth ready; }
memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$worker/status"; }
descriptors() { find "/proc/$worker/fd" -mindepth 1 | wc -l; }
# Until the queue holds nothing that is ready: what is unacknowledged then is a prefetch at most.
wait_empty() {
	local until=$((SECONDS + 3600))
	while [ "$(ready)" != 0 ]; do
		kill -0 "$worker" 2>/dev/null || die "the worker has ended"
		[ $SECONDS -lt $until ] || die "$(ready) jobs are left after an hour"
		sleep 0.5
	done
}

"$producer" setup "$queue" 2>"$dir/setup" || die "setup: $(cat "$dir/setup")"
"$build/worker/warren-worker" run -q "$queue" -j 4 --log-file "$dir/log" --log-level warn \
	--handler "*=plugin:$build/tests/handlers/noop.so" &
worker=$!
publish "$first"
wait_empty
memory_first=$(memory) descriptors_first=$(descriptors)
echo "after $first jobs: $memory_first KiB, $descriptors_first descriptors"
began=$SECONDS
publish "$((jobs - first))" &
batch=$!
wait "$batch" || die "the batch failed"
batch=
wait_empty
memory_last=$(memory) descriptors_last=$(descriptors)
grown=$(awk "BEGIN { printf \"%.1f\", ($memory_last - $memory_first) * 100 / $memory_first }")
echo "after $jobs jobs: $memory_last KiB ($grown % more), $descriptors_last descriptors," \
	"$((SECONDS - began)) s"
kill -TERM "$worker"
code=0
wait "$worker" || code=$?
worker=
[ "$code" = 0 ] || die "exit code $code"
[ "$(depth dead)" = 0 ] || die "there are dead letters"
[ "$descriptors_last" = "$descriptors_first" ] || die "the descriptors are not the same"
[ "$((memory_last * 100))" -le "$((memory_first * (100 + percent)))" ] ||
	die "the memory has grown by more than $percent %"
