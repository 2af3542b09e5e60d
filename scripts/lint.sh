#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/lint.sh [--changed] [BUILD]
#
# Looks at the sources without running them. BUILD (default: build) is a build folder whose programs
# are built. Prints for each check "lint: ok NAME", "lint: FAILED NAME" or "lint: skipped NAME", and
# exits with 1 if any failed.
#
# --changed: clang-tidy, which is slow, looks only at the files that differ from where this branch
# left main, and at most at the 20 of them that were written last. All other checks look at
# everything.
# shellcheck disable=SC2317 # the checks are called by name
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export LC_ALL=C.UTF-8

changed_only=
case ${1:-} in
-h | --help)
	sed -n '4,/^# shellcheck/s/^# \{0,3\}//p' scripts/lint.sh | sed '$d'
	exit
	;;
--changed)
	changed_only=1
	shift
	;;
esac
build=${1:-build}
failed=0
out=$(mktemp "${TMPDIR:-/tmp}/warren-lint.XXXXXX") || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# files PATTERN...: the files of the tree without what is built. It uses find because a tarball has
# no git.
files() {
	find . \( -name .git -o -path './build*' -o -path './.cache' \) -prune -o \
		-type f \( "$@" \) -print | sort
}
mapfile -t c_files < <(files -name '*.c' -o -name '*.h')
mapfile -t sources < <(files -name '*.c')
mapfile -t shells < <(files -name '*.sh' -o -path './.ci/run')
mapfile -t manuals < <(find "$build/man" -name '*.[1-8]' | sort) # as filled in by the build

# check NAME TOOL COMMAND...: runs the command, and shows its output only if it fails.
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

# The .c files that differ from where this branch left main, those that git does not know yet, and
# the .c files of changed headers. The one that was written last comes first.
changed_sources() {
	local from
	from=$(git merge-base HEAD main 2>/dev/null ||
		git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD) || return 1
	{
		git diff --name-only --diff-filter=d "$from" -- '*.c' '*.h'
		git ls-files --others --exclude-standard -- '*.c' '*.h'
	} | sed 's/\.h$/.c/' | sort -u | while IFS= read -r f; do
		if [ -f "$f" ]; then stat -c '%Y %n' "$f"; fi
	done | sort -rn | sed 's/^[0-9]* //'
}

tidy() {
	local wanted=("${sources[@]#./}")
	[ -f "$build/compile_commands.json" ] || {
		echo "$build is not a configured build folder: run meson setup $build"
		return 1
	}
	if [ -n "$changed_only" ]; then mapfile -t -n 20 wanted < <(changed_sources); fi
	# Only what this build compiles. The rest has no command line.
	for f in "${wanted[@]}"; do
		if grep -qF "$f\"" "$build/compile_commands.json"; then printf '%s\0' "$f"; fi
	done | xargs -0 -r -n 2 -P 2 clang-tidy --quiet -p "$build"
}

analyse() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance \
		--inline-suppr -j 2 -I . -D_GNU_SOURCE --suppressions-list=.cppcheck-suppressions \
		"${sources[@]}"
}

# Each file names its licence.
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
check codespell codespell codespell --quiet-level=2 --ignore-words-list 'ro,ans,nd,te,buit' \
	--skip './.git,./build*,./LICENSE,./tests/corpus' .
check mandoc mandoc manuals
check "includes and circles" nm scripts/structure.py --build "$build"
check "width of lines" python3 scripts/prose.py width
check "openings of comments" python3 scripts/prose.py comments
check "structure.py finds what it should" nm tests/scripts/structure.sh
check "prose.py finds what it should" python3 tests/scripts/prose.sh
check cppcheck cppcheck analyse
check clang-tidy clang-tidy tidy
exit $failed
