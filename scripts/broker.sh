#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private RabbitMQ node for tests and demos: its own name, data, cookie, epmd and ports, all on 127.0.0.1.
# No service is touched; everything lives in DIR.
#
#   broker.sh start DIR PORT   start, return when clients are accepted (PORT+10000: epmd, PORT+20000: distribution)
#   broker.sh stop DIR         end it, and its epmd
#   broker.sh kill DIR         SIGKILL (a crash); the data stay for the next start
#   broker.sh pid DIR          the process id of the running node
#   broker.sh ctl DIR ARG...   rabbitmqctl for it
#   broker.sh join DIR         make it, new and empty, a member of its peer's cluster
#
# Environment: BROKER_BIN (folder of rabbitmq-server), BROKER_PLUGINS ("a,b"), BROKER_CONF (file appended to
# rabbitmq.conf), BROKER_WAIT (seconds to wait for the start, default 120), BROKER_ROOT (a folder that
# newer-rabbitmq.sh made: the node is the RabbitMQ there; the other verbs remember it), BROKER_PEER (DIR of another node,
# whose epmd and cookie it shares, so that it can join; the one with the epmd of its own is to be stopped last).
set -eu

fail() {
	echo "broker.sh: $*" >&2
	exit 1
}

[ $# -ge 2 ] || fail "usage: broker.sh start DIR PORT | stop DIR | kill DIR | pid DIR | ctl DIR ARG... | join DIR"
verb=$1
dir=$2
shift 2
case $dir in
/*) ;;
*) dir=$PWD/$dir ;;
esac

if [ "$verb" = start ]; then
	tree=${BROKER_ROOT:-}
	case $tree in
	"" | /*) ;;
	*) tree=$PWD/$tree ;;
	esac
else
	tree=$(cat "$dir/tree" 2>/dev/null || :)
fi

bin=
for candidate in "${BROKER_BIN:-}" /usr/lib/rabbitmq/bin /opt/rabbitmq/sbin; do
	if [ -n "$candidate" ] && [ -x "$tree$candidate/rabbitmq-server" ]; then
		bin=$candidate
		break
	fi
done
[ -n "$bin" ] || fail "rabbitmq-server was not found${tree:+ below $tree}; install it, or set BROKER_BIN"

# Becomes a program of the tree: its /usr and /etc lie over this machine's, in a mount namespace that ends with the
# program. All other paths are what they are outside.
in_tree() {
	[ -n "$tree" ] || exec "$@"
	[ -L /lib ] || fail "BROKER_ROOT wants a machine where /lib and /bin are links into /usr"
	as_root=
	[ "$(id -u)" = 0 ] || as_root=--map-root-user
	# shellcheck disable=SC2086,SC2016 # a word or none; the inner shell's arguments
	exec unshare $as_root --mount --propagation private sh -eu -c '
		mount --bind "$1/etc" /etc
		mount --bind "$1/usr" /usr
		shift
		exec "$@"
	' sh "$tree" "$@"
}

# The scripts below $bin read whatever RABBITMQ_* is set, and a system node's files: an empty environment keeps both out.
in_node() {
	node_port=$(cat "$dir/port")
	in_tree env -i \
		PATH="$PATH" HOME="$dir/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 \
		ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(cat "$dir/epmd-port")" \
		ERL_CRASH_DUMP="$dir/erl_crash.dump" ERL_CRASH_DUMP_SECONDS=0 \
		RABBITMQ_NODENAME="warren$node_port@localhost" \
		RABBITMQ_DIST_PORT=$((node_port + 20000)) \
		RABBITMQ_CONF_ENV_FILE="$dir/env.conf" \
		RABBITMQ_CONFIG_FILE="$dir/rabbitmq" \
		RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" \
		RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins" \
		RABBITMQ_MNESIA_BASE="$dir/data" RABBITMQ_SCHEMA_DIR="$dir/schema" \
		RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_PID_FILE="$dir/pid" \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}" \
		"$@"
}

# The node deletes its pid file early in its shutdown, so the pid is also kept aside.
running_pid() {
	for file in "$dir/pid" "$dir/last-pid"; do
		p=$(cat "$file" 2>/dev/null) || continue
		if [ -n "$p" ] && is_node "$p"; then
			echo "$p"
			return 0
		fi
	done
	return 1
}

# Alive, no zombie, and the node of this very folder: a pid may have been given to another process.
is_node() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ] || return 1
	grep -qszxF "RABBITMQ_PID_FILE=$dir/pid" "/proc/$1/environ"
}

await_end() { # PID TENTHS
	left=$2
	while is_node "$1"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.1
	done
}

end_epmd() {
	[ ! -f "$dir/peer" ] || return 0
	[ -n "$tree" ] || command -v epmd >/dev/null || return 0
	left=30
	while [ "$left" -gt 0 ]; do
		answer=$(in_tree env ERL_EPMD_ADDRESS=127.0.0.1 epmd -port "$(cat "$dir/epmd-port")" -kill 2>&1 || :)
		case $answer in *Killed* | *"Cannot connect"*) return 0 ;; esac
		left=$((left - 1))
		sleep 0.1
	done
	echo "broker.sh: its epmd does not end" >&2
}

write_files() {
	mkdir -p "$dir/home" "$dir/data" "$dir/log" "$dir/schema"
	echo "$1" >"$dir/port"
	echo "$tree" >"$dir/tree"
	: >"$dir/env.conf"
	# Default 180 s: how long a delay level stands still when its leader dies (3.10 to 3.13).
	echo '[{rabbit,[{dead_letter_worker_publisher_confirm_timeout,3000}]}].' >"$dir/advanced.config"
	echo "[${BROKER_PLUGINS:-}]." >"$dir/plugins"
	{
		echo "listeners.tcp.1 = 127.0.0.1:$1"
		echo "log.console = false"
		echo "log.file = $dir/log/node.log"
		echo "disk_free_limit.absolute = 10MB"
		if [ -n "${BROKER_CONF:-}" ]; then cat "$BROKER_CONF"; fi
	} >"$dir/rabbitmq.conf"
	if [ -n "${BROKER_PEER:-}" ]; then
		echo "$BROKER_PEER" >"$dir/peer"
		cp "$BROKER_PEER/epmd-port" "$dir/epmd-port"
		cp -p "$BROKER_PEER/home/.erlang.cookie" "$dir/home/.erlang.cookie"
	elif [ ! -f "$dir/peer" ]; then
		echo $(($1 + 10000)) >"$dir/epmd-port"
	fi
	if [ ! -f "$dir/home/.erlang.cookie" ]; then
		(umask 077 && od -An -N20 -tx1 /dev/urandom | tr -d ' \n' >"$dir/home/.erlang.cookie")
		chmod 400 "$dir/home/.erlang.cookie"
	fi
	rm -f "$dir/pid" "$dir/last-pid"
	: >"$dir/log/node.log"
}

start() {
	if [ $# -ne 1 ] || [ "$1" -lt 1024 ] || [ "$1" -gt 45000 ]; then
		fail "start wants a PORT from 1024 to 45000"
	fi
	if running_pid >/dev/null; then fail "a node runs in $dir already"; fi
	write_files "$1"
	# A daemon must not keep our caller's pipes and locks: descriptors 3 to 9 are closed. ALLOW_INPUT makes the script
	# become the node instead of staying beside it.
	(
		exec </dev/null >"$dir/log/console" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
		in_node RABBITMQ_ALLOW_INPUT=1 setsid "$bin/rabbitmq-server" -noinput
	) &
	child=$!
	echo "$child" >"$dir/last-pid"
	left=$((${BROKER_WAIT:-120} * 10))
	until grep -q 'Server startup complete' "$dir/log/node.log"; do
		if ! kill -0 "$child" 2>/dev/null; then
			tail -n 20 "$dir/log/console" "$dir/log/node.log" >&2
			end_epmd
			fail "the node ended while it started"
		fi
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			kill -KILL "$child"
			end_epmd
			fail "the node was not ready in time"
		fi
		sleep 0.1
	done
}

stop() {
	[ -f "$dir/port" ] || return 0
	if p=$(running_pid); then
		kill -TERM "$p"
		if ! await_end "$p" 300; then
			kill -KILL "$p"
			await_end "$p" 50 || :
		fi
	fi
	end_epmd
}

ctl() { (in_node "$bin/rabbitmqctl" -q "$@"); }

join() {
	[ -f "$dir/peer" ] || fail "the node in $dir was started without BROKER_PEER"
	ctl stop_app
	ctl join_cluster "warren$(cat "$(cat "$dir/peer")/port")@localhost"
	ctl start_app
}

case $verb in
start) start "$@" ;;
stop) stop ;;
kill)
	if p=$(running_pid); then
		kill -KILL "$p"
		await_end "$p" 50 || :
	fi
	;;
pid) running_pid ;;
ctl) ctl "$@" ;;
join) join ;;
*) fail "unknown verb '$verb'" ;;
esac
