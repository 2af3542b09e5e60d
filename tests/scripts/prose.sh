#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks that scripts/prose.py finds what it is there to find, and nothing else.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/warren-prose.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$work/docs" "$work/common" "$work/build"

repeat() { printf "$1%.0s" $(seq "$2"); }
# expect CODE CHECK TEXT: prose.py exits with that code and prints the text.
expect() {
	local said code=0
	said=$("$root/scripts/prose.py" "$2" "$work" 2>&1) || code=$?
	if [ "$code" != "$1" ] || [[ $said != *"$3"* ]]; then
		echo "prose.py $2: exit code $code, expected $1 and '$3':"
		echo "$said"
		exit 1
	fi
}

{
	repeat x 80
	# shellcheck disable=SC2016 # no command
	printf '\n```\n%s\n```\n    %s\n' "$(repeat x 200)" "$(repeat x 200)"
	printf '# %s\n| %s |\n' "$(repeat x 100)" "$(repeat x 150)"
	printf '[words](https://example.org/%s) and more\n' "$(repeat x 90)"
} >"$work/README.md"
printf '\t/* %s */\n' "$(repeat x 86)" >"$work/common/a.c"
repeat x 200 >"$work/build/a.c"
expect 0 width '0 lines are too long'
repeat x 81 >"$work/docs/design.md"
expect 1 width 'docs/design.md:1: 81 columns, at most 80'
printf '| %s |\n' "$(repeat x 157)" >"$work/docs/design.md"
expect 1 width 'docs/design.md:1: 161 columns, at most 160'
rm "$work/docs/design.md"
printf '\t/* %s */\n' "$(repeat x 87)" >"$work/common/a.c"
expect 1 width 'common/a.c:1: 101 columns, at most 100'

comments() {
	echo '/* SPDX-License-Identifier: Apache-2.0 */'
	printf 'f("/* Its */"); /* Returns that. */\n%.0s' $(seq "$1")
	printf '// Returns\n// It\n\n/*\n * That of: x\n */\n/* Items */\n'
}
comments 98 >"$work/common/a.c"
expect 0 comments '1 of 101 comments open as half a sentence'
comments 97 >"$work/common/a.c"
expect 1 comments 'common/a.c:102: That of: x'
echo 'int a; /* True: it is. */' >>"$work/common/a.c"
expect 1 comments '2 of 101 comments open as half a sentence'
