# SPDX-License-Identifier: Apache-2.0
"""Collects what the checker judges: the handlers' record, the producers' receipts, what the broker
still has.
"""
import json
import os
import subprocess
import threading

from checker import Entry, Letter, Use

SAMPLE_S = 1


class Samples:
    """Memory and descriptors of every worker, once a second."""

    def __init__(self, workers):
        self.workers = workers
        self.early = {}  # by worker: the most that any of its lives needed in the first quarter
        self.last = {}  # by life
        self.lived = set()  # lives of the first quarter
        self.quarter_over = False
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ending.wait(SAMPLE_S):
            self.take()

    def take(self):
        for worker in self.workers:
            if not worker.running():
                continue
            name, use = worker.name, worker.use()
            if not all(use):
                continue
            self.last[worker.life] = use
            if self.quarter_over:
                continue
            self.lived.add(worker.life)
            early = self.early.get(name, (0, 0))
            self.early[name] = (max(early[0], use[0]), max(early[1], use[1]))

    def stop(self):
        self.ending.set()
        self.thread.join()

    def uses(self):
        """Returns what each worker needed that has lived since the first quarter: the most in that
        quarter, and what it needs now.

        Such a life may have begun with the last sample of the quarter, before its handlers did. So
        the most is taken of all lives of the worker, which has one configuration.
        """
        old = [worker for worker in self.workers if worker.running() and worker.life in self.lived]
        return [
            Use(worker.life, *self.early[worker.name], *self.last[worker.life]) for worker in old
        ]


def read_record(path):
    """(entries, lines that are none)"""
    entries, torn = [], []
    if not os.path.exists(path):
        return entries, torn
    with open(path, encoding="utf-8", errors="replace") as f:
        for text in f:
            entry = parse_entry(text)
            if entry:
                entries.append(entry)
            else:
                torn.append(repr(text[:100]))
    return entries, torn


def parse_entry(text):
    words = text.split()
    if len(words) != 7 or words[0] not in ("begin", "end") or not text.endswith("\n"):
        return None
    try:
        return Entry(
            words[0], words[1], int(words[2]), int(words[3]), words[4], float(words[5]), words[6]
        )
    except ValueError:
        return None


def letter_of(queue, properties, payload):
    """A message as it lies in a queue. Its reason is in the black box; or the broker itself has
    dead-lettered it.
    """
    headers = properties.get("headers") or {}
    if isinstance(headers, list):  # an empty table
        headers = {}
    ident = properties.get("message_id") or _id_in(payload) or "?"
    reason = ""
    if "warren-box" in headers:
        reason = json.loads(headers["warren-box"]).get("reason", "")
    elif headers.get("x-first-death-reason"):
        reason = headers["x-first-death-reason"]
    return Letter(queue, ident, reason)


def _id_in(payload):
    try:
        return json.loads(payload).get("id")
    except (ValueError, AttributeError):
        return None


def take_letters(node, depths):
    """Takes every message out of every queue that can be read from; streams cannot."""
    letters = []
    for queue in sorted(depths):
        if queue.endswith(".cancel"):
            continue
        letters += [letter_of(queue, *message) for message in node.take_all(queue)]
    return letters


def told_dead(build, url, queues):
    """How many dead letters our own tool tells; the checker compares."""
    words = [os.path.join(build, "producer", "warren-producer"), "dead", "list", "--json"]
    for queue in queues:
        words += ["-q", queue]
    environment = {**os.environ, "AMQP_URL": url}
    done = subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=300,
        check=True,
    )
    return len(done.stdout.splitlines())
