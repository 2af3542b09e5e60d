#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Handler: SHA-256 and size of a file.
#
#   args    {"path":"/a%20file"}, the path percent-encoded: file names are bytes, JSON strings are not
#   result  {"path":"/a%20file","sha256":"...","size":123}
#
# With RESULTS in the worker's environment the result is also put into that folder, one file per
# run: a job runs at least once, so two files may tell the same. A result appears whole or not at
# all, however the handler ends.
#
# Exit 0: done. 65: no such file, or args that nobody can use; trying again would not help. Anything
# else: try again.
set -euo pipefail
export LC_ALL=C

give_up() {
	echo "$1" >&2
	exit 65
}

IFS= read -r args
[[ $args =~ ^\{\ *\"path\"\ *:\ *\"([A-Za-z0-9/._%-]+)\"\ *\}$ ]] || give_up "args are not {\"path\":\"percent-encoded path\"}"
encoded=${BASH_REMATCH[1]}
printf -v path '%b' "${encoded//%/\\x}"
[ -f "$path" ] || give_up "no such file: $encoded"

# From stdin: the name, whatever it holds, is nobody's argument or format.
sum=$(sha256sum <"$path")
size=$(stat -L -c %s -- "$path")
result=$(printf '{"path":"%s","sha256":"%s","size":%s}' "$encoded" "${sum%% *}" "$size")

if [ -n "${RESULTS:-}" ]; then
	printf '%s\n' "$result" >"$RESULTS/.$JOB_ID.$$"
	mv "$RESULTS/.$JOB_ID.$$" "$RESULTS/$JOB_ID.$$"
fi
printf '%s\n' "$result"
