#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds docker/Dockerfile and runs docker/compose.yaml for real, with a dockerd of its own and
# without any registry. The base image comes from debootstrap. The image that compose.yaml names as
# RabbitMQ is Debian's RabbitMQ over it. Needs root and the packages of `scripts/prepare.sh docker`.
# Exits with 77 when it cannot run here. The reason is printed, and written to the file SKIP_REASON.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

skip() {
	echo "docker: skipped: $*"
	[ -z "${SKIP_REASON:-}" ] || echo "$*" >"$SKIP_REASON"
	exit 77
}
fail() {
	echo "docker: $*" >&2
	exit 1
}
say() { echo "docker: $* (${SECONDS} s)"; }

[ "$(id -u)" = 0 ] || skip "only root can run a dockerd"
for tool in dockerd docker debootstrap iptables; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
docker=$(command -v docker)
[ ! -x /usr/bin/docker ] || docker=/usr/bin/docker # Debian's own, which fits its dockerd
if "$docker" compose version >/dev/null 2>&1; then
	compose=("$docker" compose)
elif command -v docker-compose >/dev/null; then
	compose=(docker-compose)
else
	skip "docker-compose is not installed"
fi
for p in /proc/[0-9]*; do
	[ "$(cat "$p/comm" 2>/dev/null)" != dockerd ] ||
		skip "a dockerd runs here already, and a second one would change its network"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-docker.XXXXXX")
daemon=
forward=$(cat /proc/sys/net/ipv4/ip_forward)
# shellcheck disable=SC2317 # called by the trap
finish() {
	local code=$? n
	trap '' INT TERM HUP
	if [ -n "$daemon" ]; then
		[ "$code" = 0 ] || in_compose logs --tail 30 2>/dev/null || :
		in_compose down --volumes --timeout 1 >/dev/null 2>&1 || :
		kill "$daemon" 2>/dev/null || :
		for ((n = 0; n < 300; n++)); do
			kill -0 "$daemon" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$daemon" 2>/dev/null || :
		wait "$daemon" 2>/dev/null || :
		restore_rules iptables
		restore_rules ip6tables
		echo "$forward" >/proc/sys/net/ipv4/ip_forward || :
	fi
	awk -v d="$work/" 'index($2, d) == 1 { print $2 }' /proc/mounts | sort -r |
		while read -r m; do umount -l "$m" || :; done
	rm -rf "$work"
}
# dockerd leaves its rules behind. A table that was empty before is not in what iptables-save said,
# and is emptied.
# shellcheck disable=SC2317 # called by the trap
restore_rules() {
	local table
	[ -f "$work/$1" ] || return 0
	for table in filter nat raw; do
		if grep -q "^\*$table" "$work/$1"; then continue; fi
		"$1" -t $table -F && "$1" -t $table -X
		[ $table != filter ] || "$1" -P FORWARD ACCEPT
	done 2>/dev/null || :
	[ ! -s "$work/$1" ] || "$1-restore" <"$work/$1" || :
}
in_compose() {
	(cd "$root/docker" &&
		"${compose[@]}" -f compose.yaml --env-file "$work/env" -p warren-test "$@")
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# wait_for SECONDS WHAT COMMAND...
wait_for() {
	local left=$(($1 * 5)) what=$2
	shift 2
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || fail "gave up waiting for $what"
		sleep 0.2
	done
}

# --------------------------------------------------------------------------------- daemon and bases

iptables-save >"$work/iptables" 2>/dev/null || rm -f "$work/iptables"
ip6tables-save >"$work/ip6tables" 2>/dev/null || rm -f "$work/ip6tables"
mkdir "$work/data" "$work/exec"
export DOCKER_HOST=unix://$work/sock
dockerd --data-root "$work/data" --exec-root "$work/exec" -p "$work/pid" -H "$DOCKER_HOST" \
	--bridge none --default-address-pool base=172.31.0.0/17,size=24 \
	</dev/null >"$work/dockerd.log" 2>&1 &
daemon=$!
ready() {
	kill -0 $daemon 2>/dev/null || {
		tail -n 5 "$work/dockerd.log"
		daemon=
		skip "dockerd does not run here"
	}
	"$docker" version >/dev/null 2>&1
}
wait_for 60 "dockerd" ready
export DOCKER_BUILDKIT=0
if "$docker" buildx version >/dev/null 2>&1; then DOCKER_BUILDKIT=1; fi
build() {
	"$docker" build --network host "$@" >"$work/build.log" 2>&1 || {
		tail -n 30 "$work/build.log"
		fail "docker build $* failed"
	}
}

say "making the base image"
debootstrap --variant=minbase bookworm "$work/base" >"$work/debootstrap.log" 2>&1 || {
	tail -n 5 "$work/debootstrap.log"
	skip "debootstrap cannot reach a Debian mirror"
}
for list in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do # how this machine reaches the mirror
	[ ! -f "$list" ] || cp "$list" "$work/base/etc/apt/apt.conf.d/"
done
# as in the image that it stands for
echo force-unsafe-io >"$work/base/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
tar -C "$work/base" -c . | "$docker" import - debian:bookworm-slim >/dev/null
rm -rf "$work/base"

say "making the RabbitMQ image"
rabbitmq=$(sed -n 's/^ *image: *\(rabbitmq:.*\)$/\1/p' "$root/docker/compose.yaml")
mkdir "$work/rabbitmq"
cat >"$work/rabbitmq/Dockerfile" <<'END'
FROM debian:bookworm-slim
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && \
    apt-get update && apt-get install -y --no-install-recommends rabbitmq-server
CMD ["rabbitmq-server"]
END
build -t "$rabbitmq" "$work/rabbitmq"

# ---------------------------------------------------------------------------------------- the image

say "building docker/Dockerfile"
build -f "$root/docker/Dockerfile" -t warren:latest "$root"

in_image() { "$docker" run --rm --network none warren:latest "$@"; }
[ "$(in_image id -u)" = 10001 ] || fail "the image runs as $(in_image id)"
in_image sh -c '! command -v cc && ! command -v gcc && ! command -v meson' ||
	fail "there is a compiler in the final image"
in_image test -x /usr/libexec/warren/warren-plugin-host ||
	fail "there is no warren-plugin-host in the image"
in_image warren-producer --version
in_image warren-worker --version
base_size=$("$docker" image inspect -f '{{.Size}}' debian:bookworm-slim)
size=$("$docker" image inspect -f '{{.Size}}' warren:latest)
say "the image adds $(((size - base_size) / 1000000)) MB to its base"
[ $((size - base_size)) -lt 60000000 ] || fail "the image adds more than 60 MB to its base"
"$docker" history --no-trunc warren:latest | grep -i password >/dev/null &&
	fail "a password is in the image's history"

# -------------------------------------------------------------------------------------- the compose

echo "AMQP_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" >"$work/env"
say "docker compose up with three workers"
in_compose up -d --no-build --scale worker=3 >"$work/up.log" 2>&1 || {
	cat "$work/up.log"
	fail "docker compose up failed"
}
workers() { in_compose ps -q worker; }
[ "$(workers | wc -l)" = 3 ] || fail "$(workers | wc -l) workers run, expected 3"
producer() { in_compose run --rm setup warren-producer "$@" 2>>"$work/producer.log"; }
healthy() { # all three workers
	local id
	for id in $(workers); do
		[ "$("$docker" inspect -f '{{.State.Health.Status}}' "$id")" = healthy ] || return 1
	done
}
wait_for 90 "healthy workers" healthy
# a worker that came late would find nothing to do
consuming() { producer queue list --json default | grep '"consumers":3,' >/dev/null; }
wait_for 90 "three consumers" consuming

say "30 jobs for three workers"
for ((n = 0; n < 30; n++)); do echo 0.2; done >"$work/jobs"
in_compose run --rm -T setup warren-producer batch demo.slow -q default \
	<"$work/jobs" >"$work/batch.log" 2>&1 || {
	cat "$work/batch.log"
	fail "batch failed"
}
logs() { for id in $(workers); do "$docker" logs "$id" 2>&1; done; }
all_done() { [ "$(logs | grep -c 'slept 0.2 s')" -ge 30 ]; }
wait_for 60 "30 finished jobs" all_done
busy=0
for id in $(workers); do
	# Not grep -q: it ends at the first match, and the pipe would fail for the rest of the log.
	if "$docker" logs "$id" 2>&1 | grep 'slept 0.2 s' >/dev/null; then busy=$((busy + 1)); fi
done
[ $busy = 3 ] || fail "only $busy of 3 workers had work"

say "a job that runs is finished before a stopped worker ends"
producer send demo.slow 3 -q default >/dev/null || fail "send failed"
began() { [ "$(logs | grep -c 'sleeping 3')" -ge 1 ]; }
wait_for 30 "the slow job to begin" began
ids=$(workers)
in_compose stop worker >/dev/null 2>&1
for id in $ids; do
	code=$("$docker" inspect -f '{{.State.ExitCode}}' "$id")
	[ "$code" = 0 ] || fail "a worker ended with exit code $code after docker stop"
done
# Not by a pipe: grep -q ends at its match, and what still writes to it would count as failed.
all_logs=$(for id in $ids; do "$docker" logs "$id" 2>&1; done)
grep -q 'slept 3 s' <<<"$all_logs" || {
	say "$all_logs" | tail -n 40
	fail "the job was not finished"
}
say "all is well"
