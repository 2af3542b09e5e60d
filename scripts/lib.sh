# shellcheck shell=bash disable=SC2154 # root is the caller's
# SPDX-License-Identifier: Apache-2.0
# What demo.sh, test.sh and the tests share. Sourced by bash; the caller has set -eu and has set
# `root`, the tree.

me=${0##*/}
say() { printf '%s\n' "$*"; }
note() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
	note "$*"
	exit 1
}

# start_broker DIR [PLUGIN...]: starts a private node that keeps everything below DIR. Sets
# broker_url and, with rabbitmq_management among the plugins, mgmt_url.
start_broker() {
	local dir=$1 port
	shift
	mkdir -p "$dir"
	BROKER_PLUGINS=$(IFS=, && echo "$*") \
		"$root/scripts/broker.sh" start "$dir/node" >/dev/null ||
		die "no private broker could be started"
	port=$(cat "$dir/node/port")
	# shellcheck disable=SC2034 # for the caller
	broker_url=amqp://guest:guest@127.0.0.1:$port
	# shellcheck disable=SC2034 # for the caller
	mgmt_url=http://guest:guest@127.0.0.1:$((port + 5000))
}

# stop_broker DIR: as started above. Its data are worth nothing, so it is not asked politely.
stop_broker() {
	[ ! -d "$1/node" ] || "$root/scripts/broker.sh" stop "$1/node" || :
}

# is_ours PID MARK: true when the process was started with MARK (NAME=value) in its environment: a
# recycled pid is never hit.
is_ours() {
	[ -n "$1" ] && grep -qszxF -- "$2" "/proc/$1/environ"
}

# stop_process PID MARK SECONDS: SIGTERM, and SIGKILL when it has not ended in time.
stop_process() {
	local n
	is_ours "$1" "$2" || return 0
	kill -TERM "$1" 2>/dev/null || return 0
	for ((n = 0; n < $3 * 10; n++)); do
		is_ours "$1" "$2" || return 0
		sleep 0.1
	done
	note "process $1 does not end, killing it"
	kill -KILL "$1" 2>/dev/null || :
}

# "name\0name\0" on stdin -> one percent-encoded name a line: letters, digits and / . _ - stand for
# themselves, all other bytes are %XX. So any file name there can be fits into a line, a JSON string
# and a shell word.
percent_encode() {
	od -An -v -tx1 | LC_ALL=C awk '
		BEGIN {
			for (i = 1; i < 256; i++) {
				c = sprintf("%c", i)
				plain = c ~ /[A-Za-z0-9\/._-]/
				text[sprintf("%02x", i)] = plain ? c : sprintf("%%%02X", i)
			}
		}
		{ for (i = 1; i <= NF; i++) printf "%s", $i == "00" ? "\n" : text[$i] }'
}

# end_leftovers DIR: ends whatever was started with DIR somewhere in its environment (TMPDIR, a data
# folder ...) and still runs, by its own pid. Says what it was.
end_leftovers() {
	local p left=
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" != $$ ] || continue
		grep -qaF -- "$1" "$p/environ" 2>/dev/null || continue
		left="$left $(tr '\0' ' ' 2>/dev/null <"$p/cmdline" | cut -c1-60)(${p#/proc/})"
		kill -KILL "${p#/proc/}" 2>/dev/null || :
	done
	[ -z "$left" ] || note "ended what was still running:$left"
}
