#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/examples.sh BUILD
#
# Every example handler of text statistics over real files, with its real interpreter, against wc.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/warren-examples.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$work"' EXIT
fail() {
	echo "examples.sh: $*" >&2
	exit 1
}
command -v node >/dev/null || fail "node is not installed (package nodejs)"
unset AMQP_URL

printf 'no newline at the end' >"$work/short"
: >"$work/empty"
head -c 100000 /dev/urandom | base64 >"$work/long"
files=("$root/README.md" "$root/LICENSE" "$work/short" "$work/empty" "$work/long")

"$root/examples/text-stats-server.js" 0 >"$work/port" &
server=$!
for ((n = 0; n < 200; n++)); do
	[ ! -s "$work/port" ] || break
	sleep 0.05
done
handlers=("process:$root/examples/text-stats.sh" "process:$root/examples/text-stats.py"
	"process:$root/examples/text-stats.js" "plugin:$build/examples/text-stats.so"
	"http://127.0.0.1:$(cat "$work/port")/stats")

try() {
	"$build/worker/warren-worker" test text.stats "{\"path\":\"$2\"}" --handler "text.*=$1" \
		2>"$work/err"
}
numbers() { tr -cs '0-9\n' ' ' | awk '{print $1, $2, $3}'; }
for handler in "${handlers[@]}"; do
	for file in "${files[@]}"; do
		have=$(try "$handler" "$file" | numbers) ||
			fail "$handler fails on $file: $(cat "$work/err")"
		want=$(wc <"$file" | awk '{print $1, $2, $3}')
		[ "$have" = "$want" ] || fail "$handler says '$have' of $file, and wc '$want'"
	done
	code=0
	try "$handler" /no/such/file >/dev/null || code=$?
	[ "$code" = 1 ] || fail "$handler: exit code $code for a file that is not there"
	grep -q '^verdict  dead' "$work/err" ||
		fail "$handler: a file that is not there is not dead: $(cat "$work/err")"
	echo "ok: $handler"
done
