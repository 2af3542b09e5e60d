#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/valgrind.sh BUILD AMQP-URL [JOBS]
#
# A worker under valgrind, without sanitizers, runs JOBS (10,000) jobs of all sorts: a process
# handler's that are done, retried and dead, programs of a process each, messages that are no jobs.
# No invalid access, no leak, no block that is still reachable at the end, and not one job too few.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
export AMQP_URL=$2
jobs=${3:-10000}
producer=$build/producer/warren-producer
dir=$(mktemp -d "${TMPDIR:-/tmp}/valgrind.XXXXXX")
queue=valgrind-$$-$RANDOM
worker=
cleanup() {
	[ -z "$worker" ] || kill -KILL "$worker" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
die() {
	echo "valgrind.sh: $*" >&2
	exit 1
}

execs=30 malformed=50 dead=200
retried=$((jobs / 50)) backoff='{"kind":"fixed","base_ms":125}'
"$producer" setup "$queue" 2>"$dir/setup" || die "setup: $(cat "$dir/setup")"
{
	seq "$((jobs - execs - malformed - dead - retried))" |
		sed 's/.*/{"type":"fine","args":[&,"text"],"headers":{"a":"b"}}/'
	seq "$retried" |
		sed 's/.*/{"type":"again","args":&,"retry":{"backoff":'"$backoff"'}}/'
	seq "$dead" | sed 's/.*/{"type":"hopeless","args":&}/'
	seq "$execs" | sed 's/.*/{"type":"program","args":&}/'
} | "$producer" batch - -q "$queue" --progress none
for ((n = 0; n < malformed; n++)); do
	"$build/examples/stranger" publish warren.v1.jobs "warren.v1.q.$queue" "{\"type\":$n}"
done

: >"$dir/log"
valgrind --tool=memcheck --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
	--error-exitcode=99 --trace-children=no --child-silent-after-fork=yes \
	--log-file="$dir/valgrind.log" \
	"$build/worker/warren-worker" run -q "$queue" -j 4 --log-file "$dir/log" --log-level info \
	--handler 'program=exec:/bin/cat' --handler "*=process:$root/tests/handlers/odd.py" &
worker=$!
ends() { grep -c -E '\] (ok in|dead \()' "$dir/log" 2>/dev/null || :; }
until=$((SECONDS + 900))
while [ "$(ends)" -lt "$jobs" ]; do
	kill -0 "$worker" 2>/dev/null || break
	[ $SECONDS -lt $until ] || die "$(ends) of $jobs jobs have ended in time"
	sleep 0.5
done
kill -TERM "$worker" 2>/dev/null || :
code=0
wait "$worker" || code=$?
worker=
sed -n 's/^==[0-9]*== /  /p' "$dir/valgrind.log" |
	grep -E 'lost:|reachable:|ERROR SUMMARY|heap usage|in use at exit' || :
[ "$code" = 0 ] || {
	tail -n 60 "$dir/valgrind.log" "$dir/log"
	die "exit code $code"
}
grep -q 'ERROR SUMMARY: 0 errors' "$dir/valgrind.log" || die "valgrind found errors"
done_jobs=$(grep -c '\] ok in ' "$dir/log")
dead_jobs=$(grep -c '\] dead (' "$dir/log")
echo "$jobs jobs: $done_jobs done, $dead_jobs dead"
[ "$((done_jobs + dead_jobs))" = "$jobs" ] ||
	die "$done_jobs done and $dead_jobs dead are not $jobs"
[ "$dead_jobs" = "$((dead + malformed))" ] || die "$dead_jobs dead, not $((dead + malformed))"
