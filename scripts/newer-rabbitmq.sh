#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/newer-rabbitmq.sh make VERSION [FOLDER]     VERSION: 4.0 (trixie) or 4.3 (forky)
#   scripts/newer-rabbitmq.sh remove VERSION [FOLDER]
#
# A RabbitMQ newer than this Debian's, to test against. make fetches it with its Erlang from a newer
# Debian suite into FOLDER (default: build-rabbitmq-VERSION/ of this tree; 400 MB, two minutes),
# prints its version, and does nothing when it is there already. Nothing is installed on the
# machine. Then:
#
#   BROKER_ROOT=FOLDER scripts/broker.sh start DIR [PORT]  a node of it; stop, kill, ctl as usual
#   scripts/test.sh --rabbitmq VERSION                     the tests, with all their nodes of it
#
# make wants root and debootstrap. All mounts are made in a mount namespace that ends with the
# process: none is left behind, however it ends. Packages come from where this machine's apt takes
# those of Debian.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
me=${0##*/}

fail() { # CODE WORDS
	echo "$me: $2" >&2
	exit "$1"
}

case ${1:-} in -h | --help)
	sed -n '4,/^set -/s/^# \{0,3\}//p' "$0"
	exit
	;;
esac
case $# in
2 | 3) ;;
*) fail 64 "usage: $me make|remove VERSION [FOLDER]" ;;
esac
verb=$1
version=$2
folder=${3:-$here/../build-rabbitmq-$version}
case $folder in
/*) ;;
*) folder=$PWD/$folder ;;
esac
case $version in
4.0) suite=trixie ;;
4.3) suite=forky ;;
*) fail 64 "no Debian suite is known for RabbitMQ $version (there are: 4.0, 4.3)" ;;
esac

# "4.0.5" of the RabbitMQ below FOLDER.
installed() {
	sed -n '/^Package: rabbitmq-server$/,/^$/s/^Version: \([0-9.]*\).*/\1/p' \
		"$1/var/lib/dpkg/status" 2>/dev/null
}

mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Identifier: Packages' 'Component: main' 2>/dev/null |
		awk '$1 ~ /\/debian\/?$/ && $2 !~ /-/ { print $1; exit }'
}

# In a mount namespace of its own, with the partial folder as argument.
fetch() {
	# shellcheck disable=SC2016 # the inner shell's arguments
	unshare --mount --propagation private sh -eu -c '
		suite=$1 root=$2 mirror=$3
		script=/usr/share/debootstrap/scripts/$suite
		[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
		debootstrap --variant=minbase "$suite" "$root" "$mirror" "$script"
		printf "#!/bin/sh\nexit 101\n" >"$root/usr/sbin/policy-rc.d"
		chmod 755 "$root/usr/sbin/policy-rc.d"
		echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
		echo "127.0.0.1 localhost" >"$root/etc/hosts"
		cp /etc/resolv.conf "$root/etc/resolv.conf"
		mount -t proc proc "$root/proc"
		chroot "$root" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends rabbitmq-server
		rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
	' sh "$suite" "$1" "$mirror"
}

make() {
	if have=$(installed "$folder") && [ -n "$have" ]; then
		echo "$have"
		return
	fi
	[ ! -e "$folder" ] || fail 73 "$folder is there already, and is no folder of this script"
	[ "$(id -u)" = 0 ] || fail 77 "wants root (debootstrap does)"
	command -v debootstrap >/dev/null || fail 69 "wants debootstrap: scripts/prepare.sh newer"
	mirror=$(mirror)
	[ -n "$mirror" ] || fail 78 "apt's sources on this machine name no mirror of Debian"
	partial=$folder.partial
	trap 'rm -rf "$partial"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	rm -rf "$partial"
	mkdir -p "$partial"
	echo "$me: fetching RabbitMQ $version from Debian $suite" >&2
	if ! fetch "$partial" >"$partial/log" 2>&1; then
		tail -n 20 "$partial/log" >&2
		fail 69 "RabbitMQ $version could not be fetched (see above)"
	fi
	have=$(installed "$partial")
	case $have in
	"$version".*) ;;
	*) fail 69 "Debian $suite has RabbitMQ ${have:-not at all}, not $version" ;;
	esac
	mv "$partial" "$folder"
	echo "$have"
}

remove() {
	[ -e "$folder" ] || return 0
	[ -n "$(installed "$folder")" ] || fail 73 "$folder is no folder of this script"
	rm -rf "$folder"
}

case $verb in
make) make ;;
remove) remove ;;
*) fail 64 "unknown verb '$verb' (see --help)" ;;
esac
