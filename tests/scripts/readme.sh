#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every command of README.md in a copy of the tree: all blocks marked sh or console, in order,
# in one shell. Compares what the sessions (console) print with what the page shows. Two commands
# differ. scripts/test.sh only prints its help, because it is what runs this. Without root, sudo only
# checks that the packages are installed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
unset AMQP_URL "${!WARREN_@}" "${!MESON_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-readme.XXXXXX")
# shellcheck disable=SC2317 # called by the trap
finish() {
	local p
	# a broker that was started and not stopped because a command failed
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" = $$ ] || ! grep -qaF "$work/warren/" "$p/environ" 2>/dev/null ||
			kill -KILL "${p#/proc/}" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap finish EXIT
mkdir "$work/warren" "$work/sessions"
(
	cd "$root"
	find . \( -name .git -o -path './build*' \) -prune -o -type f -print0 |
		tar -c --null -T - -f -
) | tar -x -C "$work/warren"

cat >"$work/commands" <<'END'
set -eEu
trap 'echo "readme: this command failed: $BASH_COMMAND" >&2' ERR
export XDG_CONFIG_HOME=$work DESTDIR=$work/installed
sudo() {
	if [ "$(id -u)" = 0 ]; then "$@"; return; fi
	case $* in
	# The packages stand behind "install -y --no-install-recommends".
	apt-get\ install*) dpkg-query -W "${@:4}" >/dev/null ;;
	*) echo "readme: not run without root: $*" ;;
	esac
}
END
"$root"/tests/scripts/readme-blocks.py script "$root/README.md" |
	sed -E 's/^scripts\/test\.sh( --quick)?( *#.*)?$/scripts\/test.sh --help/' >"$work/blocks"
[ "$(wc -l <"$work/blocks")" -ge 10 ] || {
	echo "readme: hardly a command found in README.md" >&2
	exit 1
}
cat "$work/blocks" >>"$work/commands"
cd "$work/warren"
env work="$work" sessions="$work/sessions" bash "$work/commands" 2>&1 | tee "$work/out" || {
	cat "$work"/sessions/* # why the last of them ended
	exit 1
}
grep -qF 'Nothing was lost' "$work/out" || {
	echo "readme: the demo does not say 'Nothing was lost'" >&2
	exit 1
}
tests/scripts/readme-blocks.py compare README.md "$work/sessions" || {
	echo "readme: README.md shows another output (- README.md, + what the commands printed)" >&2
	exit 1
}
test -x "$work"/installed/usr/local/bin/warren-worker
# What is installed finds its other parts, also elsewhere than it was installed to.
"$work"/installed/usr/local/bin/warren-worker test text.stats "{\"path\":\"$root/README.md\"}" \
	--handler "*=plugin:$work/warren/build/examples/text-stats.so" >/dev/null
