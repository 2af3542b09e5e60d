#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/scripts/bench.sh BUILD
#
# Runs the short groups of scripts/bench.sh once and looks whether each case has its figures, in the
# table and as JSON. How good they are is not judged: that is for people, on a quiet machine.
set -euo pipefail
build=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/warren-test-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
"$root/scripts/bench.sh" --build "$build" --repeat 1 --only publish --only start \
	--json "$dir/json" >"$dir/table"
cat "$dir/table"
for case in 'rabbitmq-c, corked' 'warren-producer batch' 'warren-worker, plugin'; do
	grep -q "^$case  *[0-9]" "$dir/table" || {
		echo "bench.sh: no figures of '$case'" >&2
		exit 1
	}
done
python3 - "$dir/json" <<'END'
import json, sys
groups = json.load(open(sys.argv[1], encoding="utf-8"))["groups"]
batch = groups["publish, confirmed"]["warren-producer batch"]
assert batch["jobs"] > 0 and batch["rate"]["median"] > 0 and batch["cpu_us"]["median"] > 0, batch
worker = groups["start, idle"]["warren-worker, plugin"]
assert worker["pss_kib"]["median"] > 0 and worker["first_ms"]["median"] > 0, worker
END
