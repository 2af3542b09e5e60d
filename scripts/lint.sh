#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/lint.sh [BUILD]
#
# Looks at the sources without running them; BUILD (default: build) is a configured build folder, for clang-tidy. Says for each
# tool "lint: ok NAME", "lint: FAILED NAME" or "lint: skipped NAME", and exits with 1 if any failed.
# shellcheck disable=SC2317 # the checks are called by name
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export LC_ALL=C.UTF-8

case ${1:-} in -h | --help)
	sed -n '4,7s/^# \{0,3\}//p' scripts/lint.sh
	exit
	;;
esac
build=${1:-build}
failed=0
out=$(mktemp "${TMPDIR:-/tmp}/warren-lint.XXXXXX") || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# files PATTERN...: of the tree, without what is built. A tarball has no git, so find it is.
files() {
	find . \( -name .git -o -path './build*' -o -path './.cache' \) -prune -o -type f \( "$@" \) -print | sort
}
mapfile -t c_files < <(files -name '*.c' -o -name '*.h')
mapfile -t sources < <(files -name '*.c')
mapfile -t shells < <(files -name '*.sh' -o -path './.ci/run')
mapfile -t manuals < <(find "$build/man" -name '*.[1-8]' | sort) # as filled in by the build

# check NAME TOOL COMMAND...: silent when all is well.
check() {
	local name=$1 tool=$2
	shift 2
	if ! command -v "$tool" >/dev/null; then
		echo "lint: skipped $name ($tool is not installed)"
	elif "$@" >"$out" 2>&1; then
		echo "lint: ok $name"
	else
		grep -vE '^[0-9]+ warnings? generated\.$' "$out" | head -n 200
		echo "lint: FAILED $name"
		failed=1
	fi
}

tidy() {
	[ -f "$build/compile_commands.json" ] || {
		echo "$build is not a configured build folder: run meson setup $build"
		return 1
	}
	# Only what this build compiles; the rest has no command line.
	printf '%s\n' "${sources[@]#./}" | while IFS= read -r f; do
		grep -qF "$f\"" "$build/compile_commands.json" && printf '%s\0' "$f"
	done | xargs -0 -r -n 4 -P 2 clang-tidy --quiet -p "$build"
}

analyse() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance --inline-suppr -j 2 -I . -D_GNU_SOURCE \
		--suppressions-list=.cppcheck-suppressions "${sources[@]}"
}

# Each file says under which licence it is.
spdx() {
	local f bad=0
	for f in "${c_files[@]}" "${shells[@]}"; do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || {
			echo "$f has no SPDX line"
			bad=1
		}
	done
	return "$bad"
}

manuals() {
	[ ${#manuals[@]} -gt 0 ] || {
		echo "no manual pages in man/"
		return 1
	}
	mandoc -Tlint -Wwarning "${manuals[@]}"
}

check "SPDX lines" head spdx
check clang-format clang-format clang-format --dry-run -Werror "${c_files[@]}"
check shellcheck shellcheck shellcheck -x -P . "${shells[@]}"
check codespell codespell codespell --quiet-level=2 --skip './.git,./build*,./LICENSE,./tests/corpus' --ignore-words-list 'ro,ans,nd,te,buit' .
check mandoc mandoc manuals
check cppcheck cppcheck analyse
check clang-tidy clang-tidy tidy
exit $failed
