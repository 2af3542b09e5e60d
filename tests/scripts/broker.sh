#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/broker.sh
#
# Checks that scripts/broker.sh chooses free ports, keeps them, and says where the node is.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
broker=$root/scripts/broker.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/warren-broker-test.XXXXXX")
cleanup() {
	"$broker" stop "$work/two words"
	"$broker" stop "$work/b"
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
fail() {
	echo "broker.sh: $*" >&2
	exit 1
}
answers() { [ "$(exec 3<>"/dev/tcp/127.0.0.1/${1##*:}" && printf 'AMQP\0\0\11\1' >&3 &&
	head -c 1 <&3 | od -An -tx1)" = ' 01' ]; }

# Two nodes that start at the same moment do not take the same ports.
cd "$work"
"$broker" start 'two words' >a.out &
pid=$!
BROKER_PLUGINS=rabbitmq_management "$broker" start "$work/b" >b.out
wait $pid
a=$(unset AMQP_URL && eval "$(cat a.out)" && bash -c 'echo "$AMQP_URL"')
b=$(unset AMQP_URL && eval "$(cat b.out)" && bash -c 'echo "$AMQP_URL"')
[ "$a" != "$b" ] || fail "two nodes are at $a"
answers "$a" || fail "no RabbitMQ answers at '$a'"
answers "$b" || fail "no RabbitMQ answers at '$b'"
[ "$("$broker" url b)" = "$b" ] || fail "url prints $("$broker" url b), not $b"
curl -sfo /dev/null -u guest:guest "http://127.0.0.1:$((${b##*:} + 5000))/api/overview" ||
	fail "the management API is not at the port of $b + 5000"

# A second node in the folder is refused. The message says where the first one is.
code=0
"$broker" start b >again.out 2>&1 || code=$?
[ "$code" = 1 ] || fail "exit code $code for a second node in one folder"
grep -qF "$b" again.out || fail "where the first node is was not said: $(cat again.out)"

# A node keeps its port and its data.
"$broker" ctl b add_vhost kept
"$broker" stop b
[ "$("$broker" start b)" = "export AMQP_URL=$b" ] || fail "it did not come back at $b"
"$broker" ctl b list_vhosts | grep -qx kept || fail "its data did not come back"

# A port that is taken is reported, and nothing is left of the attempt.
code=0
"$broker" start c "${a##*:}" >taken.out 2>&1 || code=$?
[ "$code" = 1 ] || fail "exit code $code for a port that is taken"
if "$broker" pid c; then fail "a node runs that was not started"; fi
for port in 80 text 60000 '1 2'; do
	if "$broker" start d "$port" 2>/dev/null; then fail "it took the port '$port'"; fi
done
