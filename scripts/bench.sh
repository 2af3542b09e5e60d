#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/bench.sh [--long] [--repeat N] [--only WORD]... [--json FILE]
#                    [--install-peers] [--build DIR]
#
# Measures Warren beside the least that rabbitmq-c and the kernel allow, and beside those of its
# peers that are installed: the same work on the same private RabbitMQ, in turns. Prints medians
# with their range and their ratio to the first of a group.
#
#   --long            five times the jobs, and the groups scale-out and ring (without: two minutes)
#   --repeat N        how often each is run (default 3)
#   --only WORD       only groups with this word in their name: publish, consume, Python, process,
#                     latency, start
#   --json FILE       the figures there too
#   --install-peers   first installs amqp-tools, pika and Celery from Debian, and amqplib by npm
#                     into build-peers/
#   --build DIR       an optimised build to measure (default: build-bench, made here)
#
# Wall time wanders on a busy machine; CPU a job wanders less. docs/performance.md says what the
# figures mean.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
cd "$root"

build='' purposes=(build demo test) options=()
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		sed -n '4,/^set -/s/^# \{0,3\}//p' scripts/bench.sh
		exit
		;;
	--install-peers) purposes+=(peers) ;;
	--build)
		build=${2:?"--build wants a folder"}
		shift
		;;
	--long) options+=("$1") ;;
	--repeat | --only | --json)
		options+=("$1" "${2:?"$1 wants a value"}")
		shift
		;;
	*)
		note "unknown argument '$1' (see --help)"
		exit 64
		;;
	esac
	shift
done

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-bench.XXXXXX")
export TMPDIR=$work # of all that is started here
cleanup() {
	trap '' INT TERM HUP
	stop_broker "$work/broker" >/dev/null 2>&1 || :
	end_leftovers "$work"
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

scripts/prepare.sh "${purposes[@]}"
case " ${purposes[*]} " in *" peers "*)
	if [ -d build-peers/node_modules/amqplib ]; then
		:
	elif ! command -v npm >/dev/null; then
		note "amqplib is left out: there is no npm"
	elif ! npm install --no-audit --no-fund --prefix build-peers amqplib \
		>"$work/npm.log" 2>&1; then
		die "npm cannot install amqplib: $(tail -n 5 "$work/npm.log")"
	fi
	;;
esac
if [ -z "$build" ]; then
	build="build-bench"
	[ -f $build/build.ninja ] ||
		meson setup $build --buildtype release -Dtests=enabled >"$work/build.log" 2>&1 ||
		die "it cannot be configured: $(cat "$work/build.log")"
	say "building $build"
	ninja -C $build >"$work/build.log" 2>&1 || {
		cat "$work/build.log" >&2
		die "it does not build"
	}
fi
say "starting a private RabbitMQ"
start_broker "$work/broker"
AMQP_URL=$broker_url "$build/producer/warren-producer" setup bench 2>"$work/setup" ||
	die "$(cat "$work/setup")"
export PYTHONDONTWRITEBYTECODE=1
mkdir "$work/runs"
tests/bench/bench.py --build "$build" --url "$broker_url" --folder "$work/runs" \
	--broker-pid "$(cat "$work/broker/node/pid")" "${options[@]}"
