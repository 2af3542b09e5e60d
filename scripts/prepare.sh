#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/prepare.sh [PURPOSE...]      build demo test lint fuzz valgrind model docker newer peers
#
# Installs what is missing of Debian's packages for the given purposes (default: build demo), as
# root or by sudo. Starts no service: a policy-rc.d stands in the way while apt works, and a
# RabbitMQ or epmd that came with it is not enabled either.
set -euo pipefail

declare -A packages=(
	[build]='build-essential meson ninja-build pkg-config librabbitmq-dev libjansson-dev
		libconfig-dev libuv1-dev libcurl4-openssl-dev libssl-dev libsodium-dev'
	[demo]='rabbitmq-server procps'
	[test]='check gcovr curl python3 git nodejs openssl'
	[model]='spin gcc'
	[lint]='shellcheck codespell clang-format clang-tidy cppcheck mandoc'
	[fuzz]='clang libclang-rt-14-dev'
	[valgrind]='valgrind'
	[docker]='docker.io docker-compose debootstrap iptables'
	[newer]='debootstrap'
	[peers]='amqp-tools python3-pika python3-celery'
)

me=${0##*/}
case ${1:-} in -h | --help)
	sed -n '4,/^set -/s/^# *//p' "$0"
	exit 0
	;;
esac
[ $# -gt 0 ] || set -- build demo

wanted=()
for purpose in "$@"; do
	[ -n "${packages[$purpose]:-}" ] || {
		echo "$me: no such purpose: $purpose (there are: ${!packages[*]})" >&2
		exit 64
	}
	read -r -d '' -a more <<<"${packages[$purpose]}" || :
	wanted+=("${more[@]}")
done

if ! command -v dpkg-query >/dev/null; then
	echo "$me: this is not Debian, so nothing is installed. These packages of Debian are" \
		"needed in some form: ${wanted[*]}" >&2
	exit 0
fi

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${wanted[@]}"; do
	installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

run=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "$me: packages are missing, and there is no sudo. Run this as root:" >&2
		echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
		exit 77
	}
	run=(sudo)
fi

# Services that must not be enabled afterwards, unless they were there before.
services=()
installed rabbitmq-server || services+=(rabbitmq-server.service)
installed erlang-base || services+=(epmd.service epmd.socket)
installed docker.io || services+=(docker.service docker.socket)
installed containerd || services+=(containerd.service)

echo "$me: installing ${missing[*]}"
# shellcheck disable=SC2016 # expanded by the inner shell, which runs as root
"${run[@]}" sh -eu -c '
	export DEBIAN_FRONTEND=noninteractive
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ] && [ ! -L $policy ]; then
		trap "rm -f $policy" EXIT
		trap "exit 130" INT
		trap "exit 143" TERM HUP
		printf "#!/bin/sh\nexit 101\n" >$policy
		chmod 755 $policy
	fi
	services=$1
	shift
	install() { apt-get install -y -q --no-install-recommends "$@"; }
	install "$@" >/dev/null 2>&1 || { apt-get update -q && install "$@"; }
	for s in $services; do # at the next boot, whichever init there is
		if command -v systemctl >/dev/null; then
			systemctl --quiet disable "$s" >/dev/null 2>&1 || :
		fi
		if [ -e "/etc/init.d/${s%.service}" ]; then
			update-rc.d "${s%.service}" disable >/dev/null 2>&1 || :
		fi
	done
' sh "${services[*]}" "${missing[@]}" || {
	echo "$me: apt-get could not install ${missing[*]} (see above)" >&2
	exit 69
}
