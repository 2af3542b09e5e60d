#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Text statistics as a long-lived handler: process:examples/text-stats.py, args {"path": "..."}."""
import json
import os

requests, replies = os.fdopen(3, encoding="utf-8"), os.fdopen(4, "w", encoding="utf-8")
for line in requests:
    request = json.loads(line)
    if "id" not in request:  # a cancel: this job is too short to heed it
        continue
    try:
        with open(request["job"]["args"]["path"], "rb") as file:
            text = file.read()
        result = {"lines": text.count(b"\n"), "words": len(text.split()), "bytes": len(text)}
        reply = {"ok": request["id"], "result": result}
    except OSError as problem:
        reply = {"dead": request["id"], "error": str(problem)}
    print(json.dumps(reply), file=replies, flush=True)
