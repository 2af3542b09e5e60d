#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long-lived handler that behaves as the type of its job says. Descriptors 3 and 4, two jobs at
once.
"""
import json
import os
import signal
import sys
import time

requests = os.fdopen(3, encoding="utf-8")
waiting = []


def say(reply):
    os.write(4, (json.dumps(reply) + "\n").encode())


def behave(job):
    kind, ident = job["type"], job["id"]
    if kind == "exits":
        os._exit(3)
    elif kind == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind == "nonsense":
        os.write(4, b"\x00\xff not a reply\n")
    elif kind == "unknown":
        say({"ok": "somebody-else"})
    elif kind == "twice":
        say({"ok": ident})
        say({"ok": ident})
    elif kind == "huge":
        try:
            for _ in range(1000):
                os.write(4, b"x" * 1000000)
        except BrokenPipeError:
            pass
    elif kind == "closes":
        os.close(4)
        time.sleep(300)
    elif kind in ("deaf", "busy"):
        while True:
            if kind == "deaf":
                time.sleep(300)
    elif kind == "heeds":
        cancel = json.loads(requests.readline())
        say({"retry": ident, "error": "gave up: " + cancel["why"]})
    elif kind == "prints":
        sys.stdout.buffer.write(b"stray \xff\x00 print {\"ok\":\"x\"}\n")
        sys.stdout.flush()
        say({"ok": ident, "result": job["job"]["args"]})
    elif kind == "progress":
        for n in range(1000):
            say({"progress": ident, "percent": n / 10, "note": "on the way"})
        say({"ok": ident})
    elif kind == "later":
        say(
            {"snooze": ident, "after_ms": 200}
            if job["attempt"] == 1 and not seen(ident)
            else {"ok": ident}
        )
    elif kind == "again":
        say(
            {"retry": ident, "after_ms": 150, "error": "not yet"}
            if job["attempt"] < 3
            else {"ok": ident}
        )
    elif kind == "hopeless":
        say({"dead": ident, "error": "no use"})
    elif kind == "pair":
        waiting.append(ident)
        if len(waiting) == 2:
            say({"ok": waiting.pop()})
            say({"ok": waiting.pop()})
    elif kind == "leaves":
        os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "300")
        say({"ok": ident})
    elif kind == "eats":
        hoard = []
        while True:
            hoard.append(b"x" * 10000000)
    else:
        say({"ok": ident, "result": {"pid": os.getpid(), "attempt": job["attempt"]}})


def seen(ident):
    path = os.path.join(os.environ.get("SEEN", "/tmp"), ident)
    known = os.path.exists(path)
    with open(path, "w", encoding="utf-8"):
        return known


if os.environ.get("READY"):
    say({"ready": int(os.environ["READY"])})
for line in requests:
    request = json.loads(line)
    if "id" in request:
        behave(request)
if os.environ.get("ENDED"):
    with open(os.environ["ENDED"], "a", encoding="utf-8") as ended:
        ended.write("end of input\n")
