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
	if said=$("$root/scripts/structure.py" --source "$work/$1" "${options[@]}" 2>&1); then
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

options=()

copy upwards
echo '#include "common/amqp/link.h"' >>"$work/upwards/common/base/buf.c"
expect upwards 'common/base/buf.c includes common/amqp/link.h'

copy relative
echo '#include "../amqp/link.h"' >>"$work/relative/common/base/buf.c"
expect relative 'common/base/buf.c includes ../amqp/link.h'

copy sideways
echo '#include "worker/worker.h"' >>"$work/sideways/producer/send.c"
expect sideways 'producer/send.c includes worker/worker.h'

copy circle
echo '#include "common/base/log.h"' >>"$work/circle/common/base/clock.h"
expect circle 'common/base/clock -> common/base/log'

copy objects
mkdir "$work/empty"
options=(--build "$work/empty")
expect objects 'holds no object files'

# A circle that only the object files show: clock calls log, which calls clock.
mkdir -p "$work/build/common/base/base.p"
compile() { cc -x c -c -o "$work/build/common/base/base.p/$1.c.o" -; }
echo 'void in_log(void); void in_clock(void) { in_log(); }' | compile clock
echo 'void in_clock(void); void in_log(void) { in_clock(); }' | compile log
options=(--build "$work/build")
expect objects 'common/base/clock -> common/base/log: uses in_log'
