#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A process per job that records what it does and does what its job's words say.
read -r words
words=${words#\"}
words=${words%\"}
# shellcheck disable=SC2086 # to be split
set -- $words
n=$JOB_ATTEMPT
while [ "$n" -gt 1 ] && [ $# -gt 1 ]; do
	shift
	n=$((n - 1))
done
word=$1

note() {
	read -r up _ </proc/uptime
	printf '%s %s %s %s %s %s %s\n' "$1" "$JOB_ID" "$JOB_ATTEMPT" $$ "$CHAOS_WORKER" "$up" \
		"$word" >>"$CHAOS_RECORD"
}

note begin
case $word in
crash) kill -KILL $$ ;;
slow) sleep 0.1 ;;
hang) exec sleep 300 ;;
esac
note end
case $word in
retry) exit 75 ;;
exit) exit 3 ;;
dead) exit 65 ;;
esac
