#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long-lived handler that records what it does and does what its job's words say. Four jobs in
hand.
"""
import json
import os
import signal
import time

record = os.open(os.environ["CHAOS_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
worker = os.environ["CHAOS_WORKER"]


def note(what, request, word):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    line = f"{what} {request['id']} {request['attempt']} {os.getpid()} {worker} {now:.3f} {word}\n"
    os.write(record, line.encode())


def say(reply):
    os.write(4, (json.dumps(reply) + "\n").encode())


def run(request):
    words = request["job"]["args"].split()
    word = words[min(request["attempt"], len(words)) - 1]
    note("begin", request, word)
    if word == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "slow":
        time.sleep(0.05)
    note("end", request, word)
    say(
        {word: request["id"], "error": "as planned"}
        if word in ("retry", "dead")
        else {"ok": request["id"]}
    )


say({"ready": 4})
with os.fdopen(3, encoding="utf-8") as requests:
    for text in requests:
        asked = json.loads(text)
        if "id" in asked:
            run(asked)
