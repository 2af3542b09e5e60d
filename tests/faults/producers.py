# SPDX-License-Identifier: Apache-2.0
"""Producers: `warren-producer batch` with receipts, resumed as its user would when it did not get
everything through.
"""
import json
import os
import signal
import subprocess
import threading

import jobs

AGAIN_S = 1
TRY_AGAIN = {69, 75}  # no broker; not confirmed in time. Anything else was not to be expected


class Producer:
    """Publishes its files one after the other, on a thread of its own."""

    def __init__(self, name, folder, urls, build, seed, total, rate):
        self.name, self.folder, self.rate = name, folder, rate
        os.makedirs(folder)
        self.program = os.path.join(build, "producer", "warren-producer")
        self.environment = {**os.environ, "AMQP_URL": ",".join(urls), "WARREN_HEARTBEAT": "2s"}
        self.chunks = list(jobs.chunks(seed, name, total))
        self.total = total
        self.confirmed = 0  # lines, for the progress
        self.runs = self.resumed = 0
        self.surprises = []  # exit codes that nobody can explain
        self.process = None
        self.killed = False
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._publish_all, daemon=True)

    def start(self):
        self.thread.start()

    def line_of(self, chunk, n):
        return jobs.line_of(chunk, n)

    def files(self, chunk):
        base = os.path.join(self.folder, chunk.name)
        return base + ".jsonl", base + ".receipts"

    def _publish_all(self):
        for chunk in self.chunks:
            self._publish(chunk)

    def _publish(self, chunk):
        lines, receipts = self.files(chunk)
        with open(lines, "w", encoding="utf-8") as f:
            f.writelines(self.line_of(chunk, n) + "\n" for n in range(len(chunk.plans)))
        code = self._batch(chunk, lines, ["--receipts", receipts])
        while code != 0 and not self.ending.is_set():
            self.resumed += 1
            code = self._batch(
                chunk, lines, ["--resume" if has_receipts(receipts) else "--receipts", receipts]
            )
            self.ending.wait(AGAIN_S)
        self.confirmed += len(chunk.plans)

    def _batch(self, chunk, lines, options):
        words = [
            self.program,
            "batch",
            "-q",
            jobs.QUEUES[chunk.kind],
            "--rate",
            str(self.rate),
            "--confirm-timeout",
            "10s",
        ]
        words += [
            "--progress",
            "none",
            *options,
            *([] if chunk.documents else [jobs.type_of(chunk)]),
            lines,
        ]
        words += ["--pack", str(chunk.pack)] if chunk.pack > 1 else []
        with self.lock:
            if self.ending.is_set():
                return 130
            self.killed = False
            self.runs += 1
            with open(os.path.join(self.folder, "log"), "ab") as log:
                log.write((" ".join(words) + "\n").encode())
                log.flush()
                self.process = subprocess.Popen(
                    words,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        code = self.process.wait()
        if code != 0 and code not in TRY_AGAIN and not self.killed and not self.ending.is_set():
            self.surprises.append(f"{chunk.name}: exit {code}")
        return code

    def done(self):
        return not self.thread.is_alive()

    def kill(self):
        return self.signal(signal.SIGKILL)

    def signal(self, number):
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                return False
            self.killed = self.killed or number == signal.SIGKILL
            self.process.send_signal(number)
            return True

    def stop(self):
        self.ending.set()
        self.kill()
        self.thread.join(20)

    def receipts(self):
        """(id, plan, kind) of each line that the broker has confirmed, and the names of the others.
        """
        confirmed, missing = [], []
        for chunk in self.chunks:
            ids = read_receipts(self.files(chunk)[1])
            for n, plan in enumerate(chunk.plans, 1):
                if n in ids:
                    confirmed.append((ids[n], plan, chunk.kind))
                else:
                    missing.append(f"{chunk.name}:{n}")
        return confirmed, missing


def has_receipts(path):
    return os.path.exists(path) and os.path.getsize(path) > 0


def read_receipts(path):
    """Line number -> id, of the confirmed ones. A line that a SIGKILL has torn is no receipt."""
    ids = {}
    if not os.path.exists(path):
        return ids
    with open(path, encoding="utf-8", errors="replace") as f:
        for text in f:
            try:
                receipt = json.loads(text)
            except ValueError:
                continue
            if receipt.get("state") == "confirmed":
                ids[receipt["n"]] = receipt["id"]
    return ids
