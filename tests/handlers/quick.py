#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long-lived handler that answers at once and writes each job's id to the file $RUNS. The first
one of its kind is
killed after 700 jobs, with replies on their way."""
import json
import os
import signal

runs = os.open(os.environ["RUNS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
first = os.fstat(runs).st_size == 0
os.write(4, b'{"ready":1000,"in_turn":true}\n')
with os.fdopen(3, encoding="utf-8") as requests:
    for n, line in enumerate(requests):
        ident = json.loads(line)["id"]
        os.write(runs, ident.encode() + b"\n")
        os.write(4, b'{"ok":"%s"}\n' % ident.encode())
        if first and n == 700:
            os.kill(os.getpid(), signal.SIGKILL)
