#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every command of README.md (all blocks marked sh, in order, in one shell) in a copy of the tree. Two things are not as a
# reader would have them: scripts/test.sh is only asked for its help, since it is what runs this, and sudo without root only checks.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
unset AMQP_URL "${!WARREN_@}" "${!MESON_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-readme.XXXXXX")
# shellcheck disable=SC2317 # called by the trap
finish() {
	local p
	for p in /proc/[0-9]*; do # a broker that was started and not stopped because a command failed
		[ "${p#/proc/}" = $$ ] || ! grep -qaF "$work/warren/" "$p/environ" 2>/dev/null || kill -KILL "${p#/proc/}" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap finish EXIT
mkdir "$work/warren"
(cd "$root" && find . \( -name .git -o -path './build*' \) -prune -o -type f -print0 | tar -c --null -T - -f -) | tar -x -C "$work/warren"

cat >"$work/commands" <<'END'
set -eEu
trap 'echo "readme: this command failed: $BASH_COMMAND" >&2' ERR
export XDG_CONFIG_HOME=$work DESTDIR=$work/installed
sudo() {
	if [ "$(id -u)" = 0 ]; then "$@"; return; fi
	case $* in
	apt-get\ install*) dpkg-query -W "${@:4}" >/dev/null ;; # behind "install -y --no-install-recommends"
	*) echo "readme: not run without root: $*" ;;
	esac
}
END
awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$root/README.md" | sed 's/^scripts\/test\.sh$/scripts\/test.sh --help/' >"$work/blocks"
[ "$(wc -l <"$work/blocks")" -ge 10 ] || {
	echo "readme: hardly a command found in README.md" >&2
	exit 1
}
cat "$work/blocks" >>"$work/commands"
cd "$work/warren"
env work="$work" bash "$work/commands" 2>&1 | tee "$work/out"
for words in 'Nothing was lost' 'hello, "world"' 'good morning, "moon"' 'good morning, "Venus"'; do
	grep -qF "$words" "$work/out" || {
		echo "readme: the commands do not print '$words'" >&2
		exit 1
	}
done
test -x "$work"/installed/usr/local/bin/warren-worker
# What is installed finds its other parts, also elsewhere than it was installed to.
"$work"/installed/usr/local/bin/warren-worker test text.stats "{\"path\":\"$root/README.md\"}" \
	--handler "*=plugin:$work/warren/build/examples/text-stats.so" >/dev/null
