#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/interrupt.sh BUILD
#
# Ctrl-C at several moments of scripts/demo.sh: it ends soon, with the exit code of a Ctrl-C, and
# leaves nothing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD_DIR=$(cd "$1" && pwd)
export BUILD_DIR
unset AMQP_URL

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-interrupt.XXXXXX")
mkdir "$work/tmp" "$work/files"
pid=
# shellcheck disable=SC2317 # called by the trap
finish() {
	[ -z "$pid" ] || kill -KILL -- "-$pid" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
for ((n = 0; n < 50; n++)); do echo "$n" >"$work/files/$n"; done

fail() {
	cat "$work/out" >&2
	echo "interrupt.sh: $*" >&2
	exit 1
}

# interrupt_when LINE: Ctrl-C (SIGINT for the whole process group) as soon as the demo has said
# LINE.
interrupt_when() {
	local n code=0
	: >"$work/out"
	# setsid makes the group; env undoes that bash has its background jobs ignore SIGINT.
	TMPDIR=$work/tmp setsid env --default-signal=INT,QUIT \
		"$root/scripts/demo.sh" "$work/files" >"$work/out" 2>&1 &
	pid=$!
	for ((n = 0; n < 600; n++)); do
		if grep -q "$1" "$work/out"; then break; fi
		kill -0 $pid 2>/dev/null || fail "the demo ended before it said '$1'"
		sleep 0.1
	done
	kill -INT -- "-$pid"
	for ((n = 0; n < 600; n++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 $pid 2>/dev/null; then fail "still running 60 s after Ctrl-C (said: $1)"; fi
	wait $pid || code=$?
	pid=
	[ $code = 130 ] || fail "exit code $code after Ctrl-C (said: $1), expected 130"
	[ -z "$(ls -A "$work/tmp")" ] ||
		fail "left in the temporary folder after '$1': $(ls -A "$work/tmp")"
	for n in /proc/[0-9]*; do
		if grep -qaF "$work/tmp" "$n/environ" 2>/dev/null; then
			fail "left running after '$1': $(tr '\0' ' ' <"$n/cmdline")"
		fi
	done
	echo "interrupt.sh: all gone after Ctrl-C at '$1'"
}

interrupt_when 'starting a private RabbitMQ'
interrupt_when 'killed worker'
