#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# scripts/structure.py finds what it is there to find: copies of the sources get one fault each.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/warren-structure.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# copy NAME: a fresh copy of the folders that structure.py looks at.
copy() {
	mkdir "$work/$1"
	cp -r "$root"/{common,worker,producer,include} "$work/$1"
}

# expect NAME WORDS: it fails over that copy, and says these words.
expect() {
	local said
	if said=$("$root/scripts/structure.py" --source "$work/$1" 2>&1); then
		echo "structure.py found no fault in the copy '$1'"
		exit 1
	fi
	case $said in
	*"$2"*) ;;
	*)
		echo "structure.py did not say '$2' of the copy '$1', but:"
		echo "$said"
		exit 1
		;;
	esac
}

copy upwards
echo '#include "common/amqp/link.h"' >>"$work/upwards/common/base/buf.c"
expect upwards 'common/base/buf.c includes common/amqp/link.h'

copy sideways
echo '#include "worker/worker.h"' >>"$work/sideways/producer/send.c"
expect sideways 'producer/send.c includes worker/worker.h'

copy circle
echo '#include "common/base/log.h"' >>"$work/circle/common/base/clock.h"
expect circle 'common/base/clock -> common/base/log'
