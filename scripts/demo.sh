#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/demo.sh [FOLDER] [--keep]    gives three workers one job for each file below FOLDER
#   scripts/demo.sh --stop [DIR]         ends what --keep has left running, in DIR or all of yours
#
# Installs what is missing, builds, starts a private RabbitMQ (unless AMQP_URL points at one) and
# three workers, and has them compute size and SHA-256 of every file. One job fails twice and then
# succeeds, one always fails, one message is no job at all, and one worker is killed with SIGKILL
# while it runs a job. In the end every digest is compared with sha256sum. FOLDER is this tree
# without .git and build folders when not given. Exit code 0: nothing was missing and nothing wrong.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

usage() { sed -n '4,/^set -/s/^# \{0,3\}//p' "$root/scripts/demo.sh"; }

patience=${PATIENCE:-60} # seconds without progress after which the demo gives up
prefix=warren.v1
dir=
queue=
pids=()
status=1

# --------------------------------------------------------------------- what is started, and its end

# Ends what runs below demo folder $1, and removes it.
stop_demo() {
	local pid name
	while read -r pid name; do
		stop_process "$pid" "DEMO_DIR=$1" 20
	done <"$1/pids"
	if [ -f "$1/url" ]; then
		name=$prefix.q.$(cat "$1/queue")
		AMQP_URL=$(cat "$1/url") "$(cat "$1/stranger")" delete "$name" "$name.dead" ||
			note "$name was not deleted"
	fi
	stop_broker "$1"
	end_leftovers "$1"
	rm -rf "$1"
}

stop_kept() {
	local d found=
	if [ -n "${1:-}" ]; then
		[ -f "$1/kept" ] || die "$1 is no folder of a demo that was kept"
		stop_demo "$(cd "$1" && pwd)"
		return
	fi
	for d in "${TMPDIR:-/tmp}"/warren-demo.*/; do
		if [ ! -f "$d/kept" ] || [ ! -O "$d" ]; then continue; fi
		stop_demo "${d%/}"
		found=1
	done
	[ -n "$found" ] || note "nothing to stop"
}

cleanup() {
	trap '' INT TERM HUP
	[ -z "$dir" ] || [ -f "$dir/kept" ] || {
		[ "$status" = 0 ] || show_logs
		stop_demo "$dir"
	}
}

show_logs() {
	local log
	for log in "$dir"/worker-*.log; do
		[ -s "$log" ] || continue
		note "the last lines of ${log##*/}:"
		tail -n 8 "$log" | cut -c1-400 >&2
	done
}

# start_worker N: a worker process of its own session, so that Ctrl-C reaches this script alone.
# Handlers inherit RESULTS, STARTED and WORKER.
start_worker() {
	cd "$root" # the handlers are named relative to it
	RESULTS=$dir/results STARTED=$dir/started WORKER=$1 DEMO_DIR=$dir \
		setsid "$worker" run --name "worker-$1" -q "$queue" -j 2 \
		--handler 'demo.sha256=exec:examples/sha256-file.sh' \
		--handler 'demo.fails-twice=exec:examples/fails-twice.sh' \
		--handler 'demo.always-fails=exec:examples/always-fails.sh' \
		--handler 'demo.slow=exec:examples/slow.sh' \
		</dev/null >"$dir/worker-$1.log" 2>&1 &
	pids[$1]=$!
	echo "$! worker-$1" >>"$dir/pids"
	cd "$OLDPWD"
}

build() {
	worker=${BUILD_DIR:-$root/build}/worker/warren-worker
	producer=${BUILD_DIR:-$root/build}/producer/warren-producer
	stranger=${BUILD_DIR:-$root/build}/examples/stranger
	[ -z "${BUILD_DIR:-}" ] || return 0
	"$root/scripts/prepare.sh" build demo
	[ -f "$root/build/build.ninja" ] ||
		meson setup "$root/build" "$root" >"$dir/build.log" 2>&1 ||
		{ cat "$dir/build.log" >&2; die "meson setup failed"; }
	ninja -C "$root/build" >"$dir/build.log" 2>&1 || {
		tail -n 40 "$dir/build.log" >&2
		die "the build failed"
	}
}

# ----------------------------------------------------------------------------------------- the work

# The files, NUL-terminated. What cannot be read cannot be digested, and is counted apart.
find_files() {
	local prune=()
	[ -n "${chosen:-}" ] || prune=('(' -name .git -o -path "$folder/build*" ')' -prune -o)
	find "$folder" "${prune[@]}" -type f "$@" -print0
}

# One job document a line. The short backoff is there to see the retries soon.
write_jobs() {
	local retry='"retry":{"max_attempts":3,"backoff":{"kind":"fixed","base_ms":500}}' n
	for n in 1 2 3; do printf '{"type":"demo.slow","args":2}\n'; done
	printf '{"type":"demo.fails-twice",%s}\n' "$retry"
	printf '{"type":"demo.always-fails",%s}\n' "$retry"
	percent_encode <"$dir/files" | sed 's/.*/{"type":"demo.sha256","args":{"path":"&"}}/'
}
slow_jobs=3
odd_jobs=5 # slow_jobs and two more stand in front of the files

# Not a job: what anybody with a plain AMQP client may publish.
publish_foreign() {
	"$stranger" publish "$prefix.jobs" "$prefix.q.$queue" 'hello, is anybody there?' ||
		die "the foreign message could not be published"
}

now_ms() { date +%s%3N; }
finished() {
	find "$dir/results" -type f ! -name '.*' -printf '%f\n' | sed 's/\.[0-9]*$//' |
		sort -u | wc -l
}
# One line for each job: a worker that is killed between the confirm of a dead letter and the ack of
# its job leaves two of them.
dead_letters() { "$producer" dead list -q "$queue" --json | sort -u -t '"' -k 4,4; }

# wait_for WHAT COMMAND...: until the command succeeds; gives up when nothing has changed for
# $patience seconds.
wait_for() {
	local what=$1 last='' state since=$SECONDS n
	shift
	until "$@"; do
		state=$(find "$dir/results" "$dir/started" -type f | wc -l)
		[ "$state" = "$last" ] || since=$SECONDS
		last=$state
		[ $((SECONDS - since)) -lt "$patience" ] ||
			die "nothing has moved for $patience s while waiting for $what"
		for n in "${!pids[@]}"; do
			is_ours "${pids[$n]}" "DEMO_DIR=$dir" || die "worker $n has ended by itself"
		done
		sleep 0.2
	done
}

a_slow_job_runs() { [ -n "$(ls "$dir/started")" ]; }
all_finished() { [ "$(finished)" -ge "$expected_done" ]; }
all_dead() { [ "$(dead_letters | wc -l)" -ge "$expected_dead" ]; }

# Kills a worker that runs a job at this moment, without a word of warning, and starts another one.
kill_a_worker() {
	local job n
	wait_for "a slow job to start" a_slow_job_runs
	# the newest: it will not end just before
	job=$(find "$dir/started" -type f -printf '%T@ %f\n' | sort -rn | sed -n '1s/.* //p')
	n=${job##*.}
	killed_job=${job%.*}
	kill -KILL "${pids[$n]}"
	wait "${pids[$n]}" 2>/dev/null || :
	unset "pids[$n]"
	say "  killed worker $n (SIGKILL) while it ran job $killed_job"
	start_worker 4
	say "  started worker 4"
}

stop_workers() {
	local n code
	for n in "${!pids[@]}"; do
		stop_process "${pids[$n]}" "DEMO_DIR=$dir" 45
		code=0
		wait "${pids[$n]}" || code=$?
		[ "$code" = 0 ] || wrong "worker $n ended with exit code $code after SIGTERM"
	done
	pids=()
}

# ---------------------------------------------------------------------------------------- the proof

faults=0
wrong() {
	say "  WRONG: $*"
	faults=$((faults + 1))
}

# "path digest size" a line, from sha256sum and stat, for all files or those listed on stdin.
digests() {
	xargs -0 -r sha256sum -z -- <"$1" | percent_encode |
		sed 's/^\([0-9a-f]\{64\}\)%20%20\(.*\)/\2 \1/' | sort >"$dir/sums"
	xargs -0 -r stat --printf '%s %n\0' -- <"$1" | percent_encode |
		sed 's/^\([0-9]*\)%20\(.*\)/\2 \1/' | sort >"$dir/sizes"
	join "$dir/sums" "$dir/sizes"
}

compare_digests() {
	local path
	digests "$dir/files" | sort -u >"$dir/expected"
	find "$dir/results" -type f ! -name '.*' -exec cat {} + |
		sed -n 's/^{"path":"\(.*\)","sha256":"\(.*\)","size":\(.*\)}$/\1 \2 \3/p' |
			sort -u >"$dir/computed"
	comm -3 "$dir/expected" "$dir/computed" | tr -d '\t' | cut -d' ' -f1 |
		sort -u >"$dir/differ"
	while IFS= read -r path; do
		printf -v path '%b' "${path//%/\\x}"
		# A file that was written to meanwhile has had more than one content.
		if [ "$path" -nt "$dir/files" ] || [ ! -e "$path" ]; then
			changed=$((changed + 1))
			continue
		fi
		wrong "result and sha256sum differ, or there is no result: $(printf %q "$path")"
	done <"$dir/differ"
	compared=$(($(wc -l <"$dir/expected") - changed))
}

check_letters() {
	local reason
	dead_letters >"$dir/dead"
	[ "$(wc -l <"$dir/dead")" = "$expected_dead" ] ||
		wrong "$(wc -l <"$dir/dead") dead letters, expected $expected_dead"
	for reason in failures malformed; do
		grep -q "\"reason\": *\"$reason\"" "$dir/dead" ||
			wrong "no dead letter with the reason '$reason'"
	done
}

check_retries() {
	grep -q '"attempt":3' "$dir/results/$flaky".* 2>/dev/null ||
		wrong "the job that fails twice did not succeed at its third attempt"
	retried=$(cat "$dir"/worker-*.log | grep -c 'retry: .*; again in ' || :)
	[ "$retried" -ge 4 ] || wrong "$retried retries in the workers' logs, at least 4 expected"
}

receipt() { # receipt LINE: the id of that line of the batch
	sed -n 's/.*"line": *'"$1"'[,}].*/&/p' "$dir/receipts" |
		sed -n 's/.*"id": *"\([^"]*\)".*/\1/p'
}

table() {
	local elapsed=$((ended - began)) runs rate seconds reasons
	runs=$(find "$dir/results" -type f ! -name '.*' | wc -l)
	[ "$elapsed" -gt 0 ] || elapsed=1
	rate=$(((expected_done * 10000 / elapsed + 5) / 10))
	seconds=$((elapsed / 1000)).$(printf %03d $((elapsed % 1000)))
	reasons=$(sed -n 's/.*"reason": *"\([^"]*\)".*/\1/p' "$dir/dead" | sort | tr '\n' ' ')
	say ""
	say "  published   $published confirmed by the broker, and 1 foreign message"
	say "  done        $expected_done of $expected_done" \
		"(results reported twice: $((runs - expected_done)))"
	say "  retried     $retried times"
	say "  dead        $(wc -l <"$dir/dead") (${reasons% })"
	say "  compared    $compared digests with sha256sum, $faults faults${skipped_note}"
	say "  rate        $rate jobs/s ($seconds s, kill and retries included)"
	say "  the queues hold:"
	"$producer" queue list "$queue" | sed 's/^/    /'
}

keep() {
	: >"$dir/kept"
	say ""
	say "Broker and workers are left running. Three things to try:"
	say "  export AMQP_URL=$AMQP_URL"
	say "  echo '{\"path\":\"/etc/hostname\"}' |" \
		"$(printf %q "$producer") send demo.sha256 - -q $queue"
	say "  $(printf %q "$producer") dead list -q $queue"
	say "  tail -f $(printf %q "$dir")/worker-*.log"
	say "And this ends it all:"
	say "  $(printf %q "$root/scripts/demo.sh") --stop $(printf %q "$dir")"
}

# --------------------------------------------------------------------------------------------- main

keep_it=
folder=
chosen=
while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep_it=1 ;;
	--stop)
		stop_kept "${2:-}"
		exit
		;;
	-h | --help)
		usage
		exit
		;;
	-*)
		usage >&2
		exit 64
		;;
	*)
		[ -z "$folder" ] || die "one folder only"
		[ -d "$1" ] || die "no such folder: $1"
		folder=$(cd -- "$1" && pwd)
		chosen=1
		;;
	esac
	shift
done
folder=${folder:-$root}

# Settings of the user's own do not belong here.
for variable in "${!WARREN_@}"; do unset "$variable"; done
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/warren-demo.XXXXXX")
: >"$dir/pids"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
: >"$dir/empty.cfg"
export WARREN_CONFIG=$dir/empty.cfg
mkdir "$dir/results" "$dir/started"

say "building"
build
queue=demo-$$
if [ -z "${AMQP_URL:-}" ]; then
	say "starting a private RabbitMQ"
	start_broker "$dir"
	export AMQP_URL=$broker_url
else
	say "using the RabbitMQ at AMQP_URL"
	printf '%s\n' "$AMQP_URL" >"$dir/url"
	echo "$queue" >"$dir/queue"
	echo "$stranger" >"$dir/stranger"
fi
"$producer" setup "$queue" >"$dir/setup.log" 2>&1 || {
	cat "$dir/setup.log" >&2
	die "setup failed"
}

find_files -readable >"$dir/files"
skipped=$(find_files ! -readable | tr -dc '\0' | wc -c)
skipped_note=
[ "$skipped" = 0 ] || skipped_note=" ($skipped files that this user may not read were left out)"
changed=0
write_jobs >"$dir/jobs"
jobs=$(wc -l <"$dir/jobs")
expected_done=$((jobs - 1))
expected_dead=2

say "starting 3 workers"
for n in 1 2 3; do start_worker $n; done
say "publishing $jobs jobs ($((jobs - odd_jobs)) files below $folder, $odd_jobs others)"
began=$(now_ms)
"$producer" batch -q "$queue" --receipts "$dir/receipts" "$dir/jobs" >"$dir/batch.log" 2>&1 ||
	{ cat "$dir/batch.log" >&2; die "not all jobs were accepted"; }
publish_foreign
published=$(grep -c '"confirmed"' "$dir/receipts")
flaky=$(receipt $((slow_jobs + 1)))
doomed=$(receipt $((slow_jobs + 2)))

kill_a_worker
wait_for "the jobs to finish" all_finished
ended=$(now_ms)
wait_for "the dead letters" all_dead

say "checking"
[ "$published" = "$jobs" ] || wrong "$published receipts of $jobs"
[ -e "$dir/started/$killed_job.4" ] ||
	[ "$(find "$dir/started" -name "$killed_job.*" | wc -l)" -ge 2 ] ||
	wrong "the job of the killed worker was not run again"
check_letters
compare_digests
check_retries
[ "$changed" = 0 ] ||
	skipped_note="$skipped_note ($changed files were written to meanwhile and not compared)"
say "why the job that always fails is dead:"
"$producer" dead show -q "$queue" "$doomed" | sed 's/^/    /'
[ -n "$keep_it" ] || stop_workers
table
if [ "$faults" -gt 0 ]; then
	say ""
	say "FAILED: $faults faults"
	exit 1
fi
status=0
say ""
say "Nothing was lost."
[ -z "$keep_it" ] || keep
