#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/broker.sh start DIR [PORT]   starts a node and returns when it accepts clients
#   scripts/broker.sh url DIR            prints its URL
#   scripts/broker.sh stop DIR           ends it and its epmd
#   scripts/broker.sh kill DIR           kills it with SIGKILL; the data stay for the next start
#   scripts/broker.sh pid DIR            prints its process id if it runs
#   scripts/broker.sh ctl DIR ARG...     runs rabbitmqctl for it
#   scripts/broker.sh join DIR           makes it, new and empty, a member of its peer's cluster
#
# A private RabbitMQ for tests, demos and to play with. It has a name, data, a cookie, an epmd and
# ports of its own. All of them are below DIR or on 127.0.0.1, and no system service is touched.
# start prints "export AMQP_URL=...", for eval "$(scripts/broker.sh start DIR)" in a shell.
#
# Without PORT, start takes the port of the last start in DIR, or else chooses one that is free.
# The node also uses PORT+10000 (epmd), PORT+20000 (distribution) and, with the plugin
# rabbitmq_management, PORT+5000 unless BROKER_CONF sets management.tcp.port.
#
# Environment:
#   BROKER_PLUGINS   plugins to enable: "a,b"
#   BROKER_CONF      a file that is appended to rabbitmq.conf
#   BROKER_WAIT      how many seconds the start may take (default 120)
#   BROKER_BIN       the folder of rabbitmq-server
#   BROKER_ROOT      a folder that newer-rabbitmq.sh made: the node is the RabbitMQ in there
#   BROKER_PEER      DIR of another node whose epmd and cookie this one shares, so that it can join.
#                    Stop the node that has the epmd last
set -eu

fail() {
	echo "broker.sh: $*" >&2
	exit 1
}

case ${1:-} in -h | --help)
	sed -n '4,/^set -/s/^# \{0,3\}//p' "$0"
	exit
	;;
esac
[ $# -ge 2 ] || fail "usage: broker.sh start DIR [PORT] | VERB DIR [ARG...] (see --help)"
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
[ -n "$bin" ] ||
	fail "rabbitmq-server was not found${tree:+ below $tree}; install it, or set BROKER_BIN"

# Becomes a program of the tree. The tree's /usr and /etc lie over this machine's in a mount
# namespace that ends with the program. All other paths are what they are outside.
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

# The scripts below $bin read RABBITMQ_* variables and the files of a system node. An empty
# environment keeps both out.
in_node() {
	on_localhost='-kernel inet_dist_use_interface {127,0,0,1}'
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
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none $on_localhost" \
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

# is_node PID: true if that process lives, is no zombie and is the node of this folder. The kernel
# may have given the pid to another process.
is_node() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) ||
		return 1
	[ -n "$state" ] && [ "$state" != Z ] || return 1
	grep -qszxF "RABBITMQ_PID_FILE=$dir/pid" "/proc/$1/environ"
}

# await_end PID TENTHS: waits for the end of the node for that many tenths of a second.
await_end() {
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
		answer=$(in_tree env ERL_EPMD_ADDRESS=127.0.0.1 \
			epmd -port "$(cat "$dir/epmd-port")" -kill 2>&1 || :)
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
	# A delay level stands still for this time when its leader dies. In 3.10 to 3.13 the default
	# is 180 s.
	echo '[{rabbit,[{dead_letter_worker_publisher_confirm_timeout,3000}]}].' \
		>"$dir/advanced.config"
	echo "[${BROKER_PLUGINS:-}]." >"$dir/plugins"
	{
		echo "listeners.tcp.1 = 127.0.0.1:$1"
		echo "log.console = false"
		echo "log.file = $dir/log/node.log"
		echo "disk_free_limit.absolute = 10MB"
		case ,${BROKER_PLUGINS:-}, in *,rabbitmq_management,*)
			grep -qs '^management\.tcp\.port' "${BROKER_CONF:-}" || {
				echo "management.tcp.ip = 127.0.0.1"
				echo "management.tcp.port = $(($1 + 5000))"
			}
			;;
		esac
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
		(
			umask 077
			od -An -N20 -tx1 /dev/urandom | tr -d ' \n' >"$dir/home/.erlang.cookie"
		)
		chmod 400 "$dir/home/.erlang.cookie"
	fi
	rm -f "$dir/pid" "$dir/last-pid"
	: >"$dir/log/node.log"
}

# Prints a port P such that P, P+5000, P+10000 and P+20000 are free. All of them are below the range
# from which the kernel takes ports for outgoing connections. /proc has the ports in hexadecimal.
free_port() {
	listening=" $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk '$4 == "0A" { sub(/.*:/, "", $2); printf "%s ", $2 }') "
	tries=0
	while [ $((tries += 1)) -le 200 ]; do
		candidate=$((5700 + $(od -An -N2 -tu2 /dev/urandom) % 5000))
		for offset in 0 5000 10000 20000; do
			hex=$(printf %04X $((candidate + offset)))
			case $listening in *" $hex "*) continue 2 ;; esac
		done
		echo "$candidate"
		return
	done
	fail "no free port between 5700 and 10700"
}

url() { echo "amqp://127.0.0.1:$(cat "$dir/port")"; }

start() {
	if running_pid >/dev/null; then fail "a node runs in $dir already, at $(url)"; fi
	if [ $# -eq 0 ] && [ -f "$dir/port" ]; then set -- "$(cat "$dir/port")"; fi
	if [ $# -eq 0 ]; then
		start_anywhere
	elif [ $# -ne 1 ] || ! [ "$1" -ge 1024 ] 2>/dev/null || [ "$1" -gt 45000 ]; then
		fail "start wants a PORT from 1024 to 45000, or none"
	else
		start_at "$1" || exit 1
	fi
	echo "export AMQP_URL=$(url)"
}

# Another process may take the free port before the node does. Then it is another port's turn.
start_anywhere() {
	for try in 1 2 3; do
		chosen=$(free_port) || exit 1
		if start_at "$chosen"; then return; fi
		rm -f "$dir/port"
		echo "broker.sh: the node did not start at port $chosen (try $try of 3)" >&2
	done
	fail "no node could be started"
}

# start_at PORT: returns 1 when the node does not start, and says why.
start_at() {
	write_files "$1" || return 1
	# A daemon must not keep the caller's pipes and locks, so descriptors 3 to 9 are closed.
	# ALLOW_INPUT makes the script become the node instead of staying beside it.
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
			echo "broker.sh: the node ended while it started" >&2
			return 1
		fi
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			kill -KILL "$child"
			end_epmd
			echo "broker.sh: the node was not ready in time" >&2
			return 1
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
url) url ;;
pid) running_pid ;;
ctl) ctl "$@" ;;
join) join ;;
*) fail "unknown verb '$verb'" ;;
esac
