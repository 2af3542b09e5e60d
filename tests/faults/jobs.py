# SPDX-License-Identifier: Apache-2.0
"""The load: which jobs there are and what their handlers shall do at each attempt, from a seed
alone. Pure.

A job's args are a text of words, one per attempt (the last one counts for all further ones):
ok, slow (ok, after a moment), retry, exit (3, counted as a failure), dead, crash (SIGKILL), hang
(until its deadline).
"""
import json
import random
from collections import namedtuple

# kind of handler -> its queue. Types are KIND.job.
QUEUES = {"process": "numbers", "plugin": "numbers", "exec": "programs", "http": "services"}
SHARES = {"process": 45, "plugin": 45, "exec": 7, "http": 3}

# How many of 1000 jobs have a plan other than plain ok. A crash of a long-lived process takes its
# other jobs with it, so it is rare.
PLANS = {
    "process": {
        "retry ok": 15,
        "retry retry ok": 5,
        "slow": 20,
        "dead": 4,
        "crash ok": 2,
        "crash": 1,
        "retry": 3,
    },
    "plugin": {
        "retry ok": 15,
        "retry retry ok": 5,
        "slow": 20,
        "dead": 4,
        "crash ok": 3,
        "crash": 2,
        "retry": 3,
    },
    "exec": {
        "retry ok": 30,
        "exit ok": 20,
        "slow": 300,
        "dead": 10,
        "crash ok": 15,
        "crash": 5,
        "retry": 5,
        "hang ok": 5,
        "hang": 2,
    },
    "http": {"retry ok": 30, "slow": 100, "dead": 10, "retry": 5},
}

# One input file of a producer. documents: its lines are job documents with ids of their own; else
# they are args, and the producer makes the ids. plans: the words of each line. pack: up to so many
# of them in one message.
Chunk = namedtuple("Chunk", "name kind documents plans pack", defaults=[1])
PACKS = [1, 1, 5, 50]


def chunks(seed, producer, total, size=500):
    """The files of one producer, `total` jobs in all, one after the other."""
    rng = random.Random(f"jobs {seed} {producer}")
    packing = random.Random(f"packs {seed} {producer}")
    number = 0
    while total > 0:
        number += 1
        count = min(size, total)
        kind = rng.choices(list(SHARES), SHARES.values())[0]
        count = count if kind in ("process", "plugin") else min(count, 200)
        total -= count
        documents = rng.random() < 0.5
        yield Chunk(
            f"{producer}-{number}",
            kind,
            documents,
            [_plan(rng, kind) for _ in range(count)],
            packing.choice(PACKS),
        )


def _plan(rng, kind):
    left = rng.uniform(0, 1000)
    for plan, share in PLANS[kind].items():
        left -= share
        if left < 0:
            return plan
    return "ok"


def line_of(chunk, index):
    """The index-th line (from 0) of its file."""
    args = json.dumps(chunk.plans[index])
    if not chunk.documents:
        return args
    document = {
        "id": f"{chunk.name}-{index + 1}",
        "type": type_of(chunk),
        "args": chunk.plans[index],
    }
    if "hang" in chunk.plans[index]:
        document["timeout_ms"] = 700
    return json.dumps(document)


def type_of(chunk):
    return chunk.kind + ".job"


def word_of(plan, attempt):
    words = plan.split()
    return words[min(attempt, len(words)) - 1]


def end_of(plan):
    """What the plan comes to when nobody disturbs it: "done", or the reason of its dead letter."""
    return {"dead": "rejected", "crash": "crashes", "retry": "failures", "hang": "timeouts"}.get(
        plan.split()[-1], "done"
    )
