#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/demo.sh BUILD
#
# Runs scripts/demo.sh over a folder with the oddest file names there can be. No file is missing in
# the end, and nothing is left.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD_DIR=$(cd "$1" && pwd)
export BUILD_DIR
unset AMQP_URL

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-demo-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tmp" "$work/files"
cd "$work/files"

# shellcheck disable=SC2016 # a name that looks like a command
names=('two words' $'line\nbreak' $'ends in a newline\n' 'grüße-日本'
	$'not utf-8 \xff\xfe' '-n' '--help' "it's" '"double"' 'back\slash'
	'100%' '%41' 'a&b' '$(id)' '*' ' ' $'tab\there' $'\x01control' '{"path":"x"}')
mkdir -p $'folder \n with -\xe9'
for name in "${names[@]}"; do
	printf '%s' "$name" >"./$name"
	printf '%s' "$name" >$'./folder \n with -\xe9/'"$name"
done
: >empty
ln -s empty link # not a regular file
for ((n = 0; n < 200; n++)); do printf '%s' "$n" >"file-$n"; done
expected=$((2 * ${#names[@]} + 1 + 200))

TMPDIR=$work/tmp "$root/scripts/demo.sh" "$work/files" | tee "$work/out"

fail() {
	echo "demo.sh: $*" >&2
	exit 1
}
grep -q "compared    $expected digests with sha256sum, 0 faults" "$work/out" ||
	fail "not all $expected files were compared"
grep -q 'dead        2 (failures malformed)' "$work/out" || fail "the two dead letters are not told"
grep -q 'this will never work' "$work/out" || fail "the reason of the dead job is not shown"

# What --keep leaves running is what it says, serves a second demo by AMQP_URL, and --stop ends it.
mkdir "$work/few"
for ((n = 0; n < 5; n++)); do printf '%s' "$n" >"$work/few/$n"; done
TMPDIR=$work/tmp "$root/scripts/demo.sh" --keep "$work/few" >"$work/kept" ||
	fail "demo.sh --keep failed: $(cat "$work/kept")"
sed -n 's/^  //p' "$work/kept" | grep -E '^(export|echo|/.* dead list)' >"$work/commands"
[ "$(wc -l <"$work/commands")" = 3 ] ||
	fail "these are not the commands to try: $(cat "$work/commands")"
(cd / && bash -e "$work/commands" >"$work/tried") ||
	fail "a command that --keep prints fails: $(cat "$work/commands")"
grep -q 'failures' "$work/tried" ||
	fail "the dead letter is not listed by the command that --keep prints"
url=$(sed -n 's/^  export AMQP_URL=//p' "$work/kept")
AMQP_URL=$url TMPDIR=$work/tmp "$root/scripts/demo.sh" "$work/few" >"$work/second" ||
	fail "the demo fails at a broker that is there already: $(cat "$work/second")"
grep -q 'compared    5 digests with sha256sum, 0 faults' "$work/second" ||
	fail "the second demo compared something else"
queue=$(sed -n 's/^ *\(demo-[0-9]*\) .*/\1/p' "$work/second" | tail -n 1)
left=$("$BUILD_DIR/producer/warren-producer" queue list --json -u "$url" "$queue")
[[ $left == *'"exists":false'* ]] || fail "the second demo left its queue: $left"
TMPDIR=$work/tmp bash -e -c "$(sed -n 's/^  //p' "$work/kept" | grep -e ' --stop ')"

[ -z "$(ls -A "$work/tmp")" ] || fail "left in the temporary folder: $(ls -A "$work/tmp")"
for p in /proc/[0-9]*; do
	if grep -qaF "$work/tmp" "$p/environ" 2>/dev/null; then
		fail "left running: $(tr '\0' ' ' <"$p/cmdline")"
	fi
done
