#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the tests in meson's testlog.json: results.py TESTLOG.

A program written with Check says "97%: Checks: 30, Failures: 1, Errors: 0", and each check counts.
Any other program is one test. A program that fails without naming a failed check (it crashed or
was too slow) is one failure. Prints a line "N: NAME RESULT" for each program with N failures, a
line "SKIP: NAME: LAST LINE OF ITS OUTPUT" for each that was skipped, and then "passed failed
skipped".
"""
import json
import re
import sys

SUMMARY = re.compile(r"\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)")


def count(test):
    """(passed, failed, skipped) of one program."""
    found = SUMMARY.findall(test.get("stdout") or "")
    checks = sum(int(c) for c, _, _ in found)
    failed = sum(int(f) + int(e) for _, f, e in found)
    if test["result"] in ("SKIP", "IGNORED"):
        return checks - failed, failed, 1
    if test["result"] not in ("OK", "EXPECTEDFAIL") and failed == 0:
        return checks, 1, 0
    return (checks - failed, failed, 0) if checks else (1, 0, 0)


def main():
    totals = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            numbers = count(test)
            totals = [t + n for t, n in zip(totals, numbers)]
            if numbers[1]:
                code = test.get("returncode")
                print(f"{numbers[1]}: {test['name']} ({test['result']}, exit code {code})")
            if numbers[2]:
                said = (test.get("stdout") or "").strip().rpartition("\n")[2]
                print(f"SKIP: {test['name']}: {said}")
    print(*totals)


main()
