# SPDX-License-Identifier: Apache-2.0
"""The judge: evidence in, figures and findings out. Pure; knows nothing of Warren but its promise.

A run passes when there is no finding. Every rule below has a test that feeds it the fault that it
is there to find.
"""
from collections import Counter, defaultdict, namedtuple
from dataclasses import dataclass, field

import jobs

# One line of the handlers' own record. what: "begin" or "end"; at: seconds since boot; word: what
# it did.
Entry = namedtuple("Entry", "what id attempt pid worker at word")
# One message found in a queue at the end. reason: of a dead letter; "" when it has none.
Letter = namedtuple("Letter", "queue id reason")
# A worker process: name is unique among all its lives. ended: how; killed_at: when we sent SIGKILL,
# or None.
Life = namedtuple("Life", "name killed_at ended expected")
# What a worker that lived through it all needed at a quiet moment in the first quarter and at the
# end.
Use = namedtuple("Use", "name rss_kib fds rss_kib_end fds_end")


@dataclass
class Evidence:
    lines: int = 0  # jobs published: lines of input
    confirmed: dict = field(default_factory=dict)  # id -> plan, from the receipts
    kinds: dict = field(default_factory=dict)  # id -> kind of handler
    unconfirmed: list = field(default_factory=list)  # lines that no receipt confirms, in the end
    record: list = field(default_factory=list)  # of Entry
    torn: list = field(default_factory=list)  # lines of the record that cannot be read
    letters: list = field(default_factory=list)  # of Letter, from all queues
    depths: dict = field(
        default_factory=dict
    )  # queue -> messages that the broker still counts there
    lives: list = field(default_factory=list)  # of Life
    leaked: list = field(default_factory=list)  # what ran on although its worker had ended
    uses: list = field(default_factory=list)  # of Use
    faults: Counter = field(default_factory=Counter)  # kind -> injected
    stranded: int = (
        0  # jobs that the ring could not route while the broker started, and an operator sent on
    )
    told_dead: int = None  # how many letters `warren-producer dead list` tells


# What one delay level has on its way when the broker starts, before it knows its bindings again.
STRANDED_AT_ONCE = 32
STARTS = ("broker-restart", "broker-kill", "leader-node-kill", "majority-kill")


@dataclass
class Bounds:
    jobs: int = 0  # at least so many confirmed
    faults: int = 0  # at least so many injected
    outlive_s: float = (
        5.0  # a handler that writes so long after its worker's SIGKILL was not killed with it
    )
    rss_grown_kib: int = 8192  # and
    rss_grown_share: float = (
        0.25  # what a worker may have grown between the quiet moments; the larger one counts
    )
    # Some handlers more, and a connection to the HTTP service for each slot: kept once so many jobs
    # have run at once, which may be after the first quarter (measured: 22, and 34 for good after 12
    # at once).
    fds_grown: int = 6 + 12
    judge_rss: bool = True


@dataclass
class Verdict:
    figures: dict
    findings: list

    @property
    def passed(self):
        return not self.findings


# Reasons that a job may die of although its plan is to get done: its handlers were killed or
# stopped, its workers were lost.
FAULTS_DO = {"crashes", "timeouts", "interrupted"}
# A service that breaks off counts as a failed try.
FAULTS_DO_TO_HTTP = FAULTS_DO | {"failures"}
SHOWN = 5


def judge(e, bounds):
    """The verdict on all of it."""
    done = {entry.id for entry in e.record if entry.what == "end" and entry.word in ("ok", "slow")}
    dead = defaultdict(list)
    for letter in e.letters:
        if letter.queue.endswith(".dead"):
            dead[letter.id].append(letter.reason)
    findings = [
        *_lost(e, done, dead),
        *_unconfirmed(e),
        *_unexplained_runs(e),
        *_unexplained_letters(e, dead),
        *_left_in_queues(e),
        *_stranded(e),
        *_outlived(e, bounds),
        *_ended_by_themselves(e),
        *_grown(e, bounds),
        *_too_little(e, bounds),
    ]
    return Verdict(_figures(e, done, dead), findings)


def _some(what, items):
    items = list(items)
    if not items:
        return []
    shown = ", ".join(str(i) for i in items[:SHOWN])
    return [f"{len(items)} {what}: {shown}{', ...' if len(items) > SHOWN else ''}"]


def lost_ids(e, done, dead):
    return sorted(i for i in e.confirmed if i not in done and i not in dead)


def _lost(e, done, dead):
    return _some(
        "confirmed jobs lost (never ran to an end, in no dead queue)", lost_ids(e, done, dead)
    )


def _unconfirmed(e):
    return _some("lines were never confirmed", e.unconfirmed)


def _unexplained_runs(e):
    strange = sorted({entry.id for entry in e.record} - set(e.confirmed))
    return _some("ids ran that nobody published", strange) + _some(
        "lines of the record cannot be read", e.torn
    )


def _explained(ident, reason, e):
    plan = e.confirmed[ident]
    if reason == jobs.end_of(plan):
        return True
    return reason in (FAULTS_DO_TO_HTTP if e.kinds.get(ident) == "http" else FAULTS_DO)


def _unexplained_letters(e, dead):
    strange = [i for i in dead if i not in e.confirmed]
    known = [(i, reason) for i, reasons in dead.items() if i in e.confirmed for reason in reasons]
    unexplained = [
        f"{i}: {reason or 'no reason'}" for i, reason in known if not _explained(i, reason, e)
    ]
    return _some("dead letters that nobody published", strange) + _some(
        "dead letters without a good reason", unexplained
    )


def _left_in_queues(e):
    held = Counter(letter.queue for letter in e.letters if not letter.queue.endswith(".dead"))
    counted = {q: n for q, n in e.depths.items() if n}
    findings = _some(
        "queues that should be empty hold messages",
        [f"{q} ({n})" for q, n in {**held, **counted}.items()],
    )
    letters = sum(letter.queue.endswith(".dead") for letter in e.letters)
    if e.told_dead is not None and e.told_dead != letters:
        findings.append(
            f"'warren-producer dead list' tells {e.told_dead} letters, the broker has {letters}"
        )
    return findings


def _stranded(e):
    restarts = sum(e.faults[kind] for kind in STARTS)
    if e.stranded <= restarts * STRANDED_AT_ONCE:
        return []
    return [
        f"{e.stranded} jobs found no queue, and {restarts} starts of the broker "
        f"do not explain so many"
    ]


def _outlived(e, bounds):
    killed = {life.name: life.killed_at for life in e.lives if life.killed_at is not None}
    late = [
        f"{x.id} wrote '{x.what}' {x.at - killed[x.worker]:.1f} s after the SIGKILL of {x.worker}"
        for x in e.record
        if x.worker in killed and x.at > killed[x.worker] + bounds.outlive_s
    ]
    leaked = _some("processes ran on after their worker", e.leaked)
    return _some("entries by handlers that outlived their worker", late) + leaked


def _ended_by_themselves(e):
    return _some(
        "workers ended that nobody ended",
        [f"{x.name} ({x.ended})" for x in e.lives if not x.expected],
    )


def _grown(e, bounds):
    findings = []
    for use in e.uses:
        allowed = use.rss_kib + max(bounds.rss_grown_kib, int(use.rss_kib * bounds.rss_grown_share))
        if bounds.judge_rss and use.rss_kib_end > allowed:
            findings.append(
                f"worker {use.name} has grown from {use.rss_kib} to {use.rss_kib_end} KiB"
            )
        if use.fds_end > use.fds + bounds.fds_grown:
            findings.append(f"worker {use.name} has {use.fds_end} descriptors, it had {use.fds}")
    if not e.uses:
        findings.append("no worker lived long enough to see whether it grows")
    return findings


def _too_little(e, bounds):
    findings = []
    if len(e.confirmed) < bounds.jobs:
        findings.append(
            f"only {len(e.confirmed)} jobs, {bounds.jobs} were to be confirmed: "
            f"this run proves too little"
        )
    faults = sum(e.faults.values())
    if faults < bounds.faults:
        findings.append(
            f"only {faults} faults, {bounds.faults} were to be injected: this run proves too little"
        )
    return findings


def _figures(e, done, dead):
    begins = sum(x.what == "begin" for x in e.record)
    ends = sum(x.what == "end" and x.word in ("ok", "slow") for x in e.record)
    return {
        "published": e.lines,
        "confirmed": len(e.confirmed),
        "executed": len(done),
        "runs": begins,
        "duplicates": ends - len(done),
        "dead": len(dead),
        "dead_letters": sum(len(reasons) for reasons in dead.values()),
        "dead_by_reason": dict(sorted(Counter(r for rs in dead.values() for r in rs).items())),
        "done_and_dead": sum(i in done for i in dead),
        "stranded": e.stranded,
        "left_in_queues": sum(not letter.queue.endswith(".dead") for letter in e.letters),
        "lost": len(lost_ids(e, done, dead)),
        "faults": sum(e.faults.values()),
        "faults_by_kind": dict(sorted(e.faults.items())),
        "worker_lives": len(e.lives),
        "longest_outliving_s": _longest_outliving(e),
    }


def _longest_outliving(e):
    killed = {life.name: life.killed_at for life in e.lives if life.killed_at is not None}
    return round(max([x.at - killed[x.worker] for x in e.record if x.worker in killed] + [0.0]), 3)
