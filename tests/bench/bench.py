#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Warren beside what it is held against, in turns. Called by scripts/bench.sh, which has a
broker for it.
"""
import argparse
import json
import os
import platform
import sys

import cases
import peers
import report
from measure import BenchError, Meter

SHORT = {
    "document": 100000,
    "publish": 15000,
    "consume": 20000,
    "python": 10000,
    "spawn": 250,
    "latency": 300,
    "scale": 100,
    "ring": 20000,
}
LONG_FACTOR = 5


def main():
    o = read_options()
    size = SHORT if not o.long else {name: n * LONG_FACTOR for name, n in SHORT.items()}
    context = cases.Context(
        Meter(o.broker_pid, o.folder), os.path.abspath(o.build), o.url, o.folder, size
    )
    groups = {
        name: dict(group)
        for name, group in {**cases.GROUPS, **(cases.LONG_GROUPS if o.long else {})}.items()
    }
    missing = peers.add_to(groups)
    if missing:
        print(f"not here, so left out: {', '.join(sorted(missing))} (--install-peers)")
    groups = {
        name: group
        for name, group in groups.items()
        if not o.only or any(word in name for word in o.only)
    }
    results = {}
    for name, group in groups.items():
        results[name] = run_group(context, name, group, o.repeat)
        print("\n" + "\n".join(report.group_table(name, results[name])), flush=True)
    if o.json:
        machine = {
            "processors": os.cpu_count(),
            "kernel": platform.release(),
            "repetitions": o.repeat,
        }
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump({"machine": machine, "groups": results}, f, indent=1)
    return 0


def read_options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True)
    p.add_argument("--url", required=True)
    p.add_argument("--broker-pid", type=int, required=True)
    p.add_argument("--folder", required=True)
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--long", action="store_true")
    p.add_argument("--only", action="append", help="groups whose name has this word in it")
    p.add_argument("--json", metavar="FILE")
    return p.parse_args()


def run_group(context, name, group, repeat):
    measures = {case: [] for case in group}
    for n in range(repeat):
        for case, run in group.items():
            tell(f"{name}: {case}, {n + 1} of {repeat}")
            context.empty()  # a peer may leave something
            measures[case].append(run(context))
    tell("")
    return {case: report.summary(ms) for case, ms in measures.items()}


def tell(text):
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
