# SPDX-License-Identifier: Apache-2.0
"""Which fault strikes when: decided before anything runs, from a seed alone. Pure.

Faults are dealt from a deck in which every kind has its share, so that a short run meets every kind
as well. The heavy ones (the broker is away, an alarm is up) take turns, and each has a stretch of
time of its own. All others fall wherever the seed says, also on top of each other and of the heavy
ones.
"""
import random
from collections import namedtuple

# at, seconds: from the start of the load, and how long it lasts. pick: in [0, 1), says which of the
# targets there are. amount: in [0, 1), for what a fault may have more or less of.
Fault = namedtuple("Fault", "number at kind seconds pick amount")

# kind: (how many in a deck, shortest, longest duration)
HEAVY = {
    "broker-restart": (2, 0, 0),  # stopped politely and started
    "broker-kill": (2, 0, 0),  # SIGKILL and started
    "memory-alarm": (1, 3, 6),
    "disk-alarm": (1, 3, 6),
}
LIGHT = {
    "worker-kill": (6, 0, 0),
    "worker-stop": (4, 1, 9),  # SIGSTOP, SIGCONT; more than two heartbeats: the broker gives it up
    "guardian-kill": (1, 0, 0),
    "handler-kill": (8, 0, 0),
    "handler-stop": (3, 1, 9),
    "service-kill": (1, 0, 0),  # the HTTP service
    "producer-kill": (3, 0, 0),
    "producer-stop": (2, 1, 9),
    "leader-kill": (4, 0, 0),  # the process that is a queue's leader
    "connection-close": (3, 0, 0),  # by the broker, as an operator would
    "reset": (5, 0, 0),
    "cut": (6, 0, 0),  # in the middle of a frame
    "refuse": (1, 1, 3),
    "half-open": (
        3,
        0,
        0,
    ),  # the broker's side ends and nobody tells the client, or the other way round
    "black-hole": (3, 2, 9),
    "hold": (3, 1, 4),  # nothing passes, then all of it
    "delay": (3, 2, 8),
    "throttle": (2, 2, 8),
}
KINDS = {**HEAVY, **LIGHT}
DECK = sum(share for share, _, _ in KINDS.values())


def plan(seed, seconds, count):
    """`count` faults over `seconds`, sorted by time. The same for the same arguments, on every
    machine.
    """
    rng = random.Random(f"schedule {seed}")
    kinds = []
    while len(kinds) < count:
        deck = [kind for kind, (share, _, _) in KINDS.items() for _ in range(share)]
        rng.shuffle(deck)
        kinds += deck if count - len(kinds) >= DECK else _fair_part(deck, count - len(kinds))
    heavy = [kind for kind in kinds if kind in HEAVY]
    light = [kind for kind in kinds if kind in LIGHT]
    times = [(_turn(rng, n, len(heavy), seconds), kind) for n, kind in enumerate(heavy)]
    times += [(rng.uniform(0, seconds), kind) for kind in light]
    times.sort()
    return [_fault(rng, n, at, kind) for n, (at, kind) in enumerate(times, 1)]


def _fair_part(deck, count):
    """A part of a shuffled deck that has every kind as long as there is room."""
    first = list(dict.fromkeys(deck))
    rest = list(deck)
    for kind in first:
        rest.remove(kind)
    return (first + rest)[:count]


def _turn(rng, n, turns, seconds):
    """Within the nth stretch of time, early enough to be over before the next one."""
    return (n + rng.uniform(0, 0.5)) * seconds / turns


def _fault(rng, number, at, kind):
    _, shortest, longest = KINDS[kind]
    return Fault(
        number,
        round(at, 2),
        kind,
        round(rng.uniform(shortest, longest), 2),
        rng.random(),
        rng.random(),
    )
