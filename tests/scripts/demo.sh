#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/demo.sh BUILD
#
# scripts/demo.sh over a folder with the oddest file names there can be: no file is missing, and nothing is left.
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
names=('two words' $'line\nbreak' $'ends in a newline\n' 'grüße-日本' $'not utf-8 \xff\xfe' '-n' '--help' "it's" '"double"' 'back\slash'
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
grep -q "compared    $expected digests with sha256sum, 0 faults" "$work/out" || fail "not all $expected files were compared"
grep -q 'dead        2 (failures malformed)' "$work/out" || fail "the two dead letters are not told"
grep -q 'this will never work' "$work/out" || fail "the reason of the dead job is not shown"
[ -z "$(ls -A "$work/tmp")" ] || fail "left in the temporary folder: $(ls -A "$work/tmp")"
for p in /proc/[0-9]*; do
	if grep -qaF "$work/tmp" "$p/environ" 2>/dev/null; then fail "left running: $(tr '\0' ' ' <"$p/cmdline")"; fi
done
