#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A private cluster of three brokers under load whose leaders are killed: nothing is lost, workers
go on, parked jobs come.

  tests/faults/cluster.py                        kills two leaders, then the majority
  tests/faults/cluster.py --seed 42              another load
  BROKER_ROOT=FOLDER tests/faults/cluster.py     with a newer RabbitMQ (scripts/newer-rabbitmq.sh)
"""
import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import chaos
import evidence
import jobs
import node as nodes
import producers
import workers as supervised
from outages import Outage, lateness, longest_gap

MEMBERS = 3
WATCHED = f"{chaos.PREFIX}.q.numbers"  # the queue whose leader is killed
CALM_S = 6  # of load between two kills
DOWN_S = 3  # before a killed node is started again
MAJORITY_DOWN_S = 8
BACK_WITHIN_S = 180
WENT_ON_WITHIN_S = 60  # bounds only a failure: what is printed is what counts
LATE_S = 20.0  # a parked job after a leader's death
PARKED = 400  # jobs, at least
PARKED_IN_FILE = 20
PARKED_S = 20  # how far ahead at most
PARKED_RATE = 10  # a second
JOBS = 4000  # at least
RATE = 100  # a second


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, chaos.interrupt)
    run = ClusterRun(options)
    try:
        run.announce()
        run.start()
        run.disturb()
        run.settle()
        verdict = run.judge()
    except (chaos.RunError, nodes.NodeError) as e:
        print(f"FAIL: {e}; seed {options.seed}")
        return 1
    finally:
        run.clean()
    return run.tell(verdict)


def read_options():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1, 1000000), help="of the load"
    )
    p.add_argument(
        "--kills", type=int, default=2, help="of leaders, one after the other (default 2)"
    )
    p.add_argument("--jobs", type=int, default=JOBS, help=f"at least so many (default {JOBS})")
    p.add_argument("--no-majority", action="store_true", help="leave the majority alive")
    p.add_argument(
        "--build", default="build-test", help="folder with the programs (default build-test)"
    )
    p.add_argument(
        "--sanitized", action="store_true", help="the build has ASan: memory is told, not judged"
    )
    p.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    o = p.parse_args()
    o.build = os.path.abspath(o.build)
    o.workers, o.producers, o.json, o.quiet = 3, 3, None, False
    o.faults = o.kills + (0 if o.no_majority else 1)
    o.duration = o.jobs / RATE
    if not os.path.exists(os.path.join(o.build, "worker", "warren-worker")):
        p.error(f"no programs in {o.build}: build them first")
    return o


class Member(nodes.Node):
    """A node of the cluster. peer: the first one, or None for the first itself."""

    def __init__(self, folder, port, peer):
        super().__init__(folder, port)
        self.peer = peer

    @property
    def name(self):
        return f"warren{self.port}@localhost"

    def _script(self, verb, *args, check=True, timeout=300):
        more = {"BROKER_PEER": os.path.join(self.peer.folder, "node")} if self.peer else {}
        return super()._script(verb, *args, check=check, timeout=timeout, more=more)

    def join(self):
        self._script("join")

    def kill(self):
        with self.lock:
            self.away = True
            self._script("kill")

    def again(self):
        self.start()
        self.away = False


class Steady(producers.Producer):
    """Publishes its files until it is told that it is enough, and at least `least` jobs."""

    def __init__(self, name, folder, urls, build, seed, least, rate):
        super().__init__(name, folder, urls, build, seed, 0, rate)
        self.least = least
        self.enough = threading.Event()
        self.source = jobs.chunks(seed, name, 1 << 40, size=200)

    def _publish_all(self):
        for chunk in self.source:
            if self.ending.is_set() or (self.enough.is_set() and self.total >= self.least):
                return
            self.chunks.append(chunk)
            self.total += len(chunk.plans)
            self._publish(chunk)


class Parked(Steady):
    """Jobs that are not to run before a time of their own, some seconds ahead: they wait in the
    delay ring.
    """

    def __init__(self, name, folder, urls, build, seed, least, rate):
        super().__init__(name, folder, urls, build, seed, least, rate)
        self.rng = random.Random(f"parked {seed}")
        self.source = (
            jobs.Chunk(f"{name}-{n}", "process", True, ["ok"] * PARKED_IN_FILE)
            for n in itertools.count(1)
        )
        self.due = {}  # id -> since 1970

    def line_of(self, chunk, n):
        job = json.loads(super().line_of(chunk, n))
        due = time.time() + self.rng.uniform(1, PARKED_S)
        job["not_before"] = (
            datetime.fromtimestamp(due, timezone.utc)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        self.due[job["id"]] = due
        return json.dumps(job)


class Outages:
    """What was done to the nodes; as much of an injector as the run's judge wants to see."""

    def __init__(self):
        self.injected, self.missed = Counter(), Counter()
        self.broken = []
        self.ending = threading.Event()
        self.times = []  # of Outage


class ClusterRun(chaos.Run):
    def __init__(self, options):
        super().__init__(options)
        self.injector = Outages()
        self.parked = None
        self.went_on = (
            []
        )  # (what, the longest time in which no job began, how long after the outage)
        self.lateness = []

    def announce(self):
        o = self.options
        print(
            f"cluster: seed {o.seed}, at least {o.jobs} jobs and {PARKED} parked ones, "
            f"{MEMBERS} nodes, {o.kills} leaders killed"
            f"{'' if o.no_majority else ', then the majority'}; repeat it with: {self.repeat()}",
            flush=True,
        )

    def repeat(self):
        o = self.options
        return f"tests/faults/cluster.py --seed {o.seed} --jobs {o.jobs} --kills {o.kills}" + (
            " --no-majority" if o.no_majority else ""
        )

    # ---- the cluster

    def start(self):
        ports = []
        for n in range(MEMBERS):
            ports.append(nodes.free_port(ports))
            peer = self.nodes[0] if n else None
            self.nodes.append(Member(os.path.join(self.folder, f"broker-{n + 1}"), ports[n], peer))
        self.nodes[0].start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Member.start, self.nodes[1:]))
        for member in self.nodes[1:]:
            member.join()
        version = self.nodes[0].api("GET", "overview")["rabbitmq_version"]
        self.say(f"the cluster runs: {MEMBERS} nodes of RabbitMQ {version}")
        self.setup()
        self.await_whole("after setup")
        self.start_service()
        self.start_workers()
        self.start_producers()

    def direct_url(self):
        return ",".join(f"amqp://127.0.0.1:{member.port}" for member in self.nodes)

    def urls(self, name):
        """Every client begins with another node."""
        urls = super().urls(name)
        first = int(name[-1]) % MEMBERS
        return urls[first:] + urls[:first]

    def start_producers(self):
        o = self.options
        for n in range(1, o.producers + 1):
            self.add_producer(Steady, f"p{n}", o.jobs // o.producers, RATE / o.producers)
        self.parked = self.add_producer(Parked, "parked0", PARKED, PARKED_RATE)

    def add_producer(self, kind, name, least, rate):
        producer = kind(
            name,
            os.path.join(self.folder, name),
            self.urls(name),
            self.options.build,
            self.options.seed,
            least,
            rate,
        )
        self.producers.append(producer)
        producer.start()
        return producer

    def alive(self):
        return next(member for member in self.nodes if not member.away)

    def quorum_queues(self):
        return [q for q in self.alive().api("GET", "queues/%2F") if q.get("type") == "quorum"]

    def await_whole(self, when):
        """All members of all queues are there, and each has a leader."""
        until = time.monotonic() + BACK_WITHIN_S
        while time.monotonic() < until:
            try:
                queues = self.quorum_queues()
                if queues and all(
                    len(q.get("online", [])) == MEMBERS and q.get("leader") for q in queues
                ):
                    return True
            except (OSError, nodes.NodeError):
                pass
            time.sleep(0.3)
        self.injector.broken.append(
            f"{when}: a queue has not {MEMBERS} members online within {BACK_WITHIN_S} s"
        )
        return False

    def leader(self):
        queue = next(q for q in self.quorum_queues() if q["name"] == WATCHED)
        return next(member for member in self.nodes if member.name == queue["leader"])

    # ---- the outages

    def disturb(self):
        """Load from before the first outage to after the last one."""
        until = time.monotonic() + BACK_WITHIN_S * (self.options.faults + 1) + chaos.DRAIN_WITHIN_S
        self.outages()
        time.sleep(CALM_S)
        for producer in self.producers:
            producer.enough.set()
        while not all(p.done() for p in self.producers):
            time.sleep(0.2)
            if time.monotonic() > until:
                raise chaos.RunError("the producers do not come to their end")

    def outages(self):
        try:
            for number in range(1, self.options.kills + 1):
                time.sleep(CALM_S)
                self.samples.quarter_over = True
                self.outage(f"leader {number}", "leader-node-kill", [self.leader()], DOWN_S)
            if not self.options.no_majority:
                time.sleep(CALM_S)
                first = self.leader()
                other = next(member for member in self.nodes if member is not first)
                self.outage("majority", "majority-kill", [first, other], MAJORITY_DOWN_S)
        except (OSError, StopIteration, nodes.NodeError, subprocess.SubprocessError) as e:
            self.injector.broken.append(f"an outage: {e!r}")

    def outage(self, what, kind, members, down_s):
        died = supervised.now()
        for member in members:
            member.kill()
        self.injector.injected[kind] += 1
        self.say(f"{what}: killed {', '.join(member.name for member in members)}")
        time.sleep(down_s)
        majority = died
        for member in members:
            member.again()
            self.say(f"{what}: {member.name} is back")
            if len(members) > 1 and majority == died:
                majority = supervised.now()
        self.await_whole(what)
        self.injector.times.append(Outage(what, died, majority, supervised.now()))
        self.say(f"{what}: all queues have {MEMBERS} members again")

    # ---- the judge

    def judge(self):
        verdict = super().judge()
        record, _ = evidence.read_record(self.record)
        self.measure_gaps(record)
        self.measure_lateness(record)
        for what, seconds, _ in self.went_on:
            if seconds > WENT_ON_WITHIN_S:
                verdict.findings.append(f"{what}: workers stood still for {seconds:.1f} s")
        late = [
            f"{late.id}: {late.seconds:.1f} s"
            for late in self.lateness
            if late.seconds > LATE_S and not late.excused
        ]
        if late:
            verdict.findings.append(
                f"{len(late)} parked jobs came more than {LATE_S:.0f} s late: {', '.join(late[:5])}"
            )
        if sum(self.injector.injected.values()) < self.options.faults:
            verdict.findings.append("not all outages took place")
        return verdict

    def measure_gaps(self, record):
        """The longest time without a job of that queue that began, from each death (or the return
        of a majority) on.
        """
        kinds = {kind for kind, queue in jobs.QUEUES.items() if WATCHED.endswith("." + queue)}
        ids = {i for p in self.producers for i, _, kind in p.receipts()[0] if kind in kinds}
        begins = sorted(x.at for x in record if x.what == "begin" and x.id in ids)
        self.went_on = [
            (outage.what, *longest_gap(begins, outage)) for outage in self.injector.times
        ]

    def measure_lateness(self, record):
        """Of each parked job, from its time, or from a later death of a node, to its first
        beginning.
        """
        wall = time.time() - supervised.now()
        outages = [
            Outage(o.what, o.died + wall, o.majority + wall, o.whole + wall)
            for o in self.injector.times
        ]
        first = {}
        for x in record:
            if x.what == "begin" and x.id in self.parked.due:
                first[x.id] = min(x.at + wall, first.get(x.id, x.at + wall))
        self.lateness = [
            lateness(ident, self.parked.due[ident], at, outages) for ident, at in first.items()
        ]

    def tell(self, verdict):
        for what, seconds, after in self.went_on:
            began = "a majority was there again" if what == "majority" else "the kill"
            print(
                f"  {what}: no job began for {seconds:.1f} s at most "
                f"(from {after:.1f} s after {began} on)"
            )
        plain = [late for late in self.lateness if not late.excused]
        excused = [late.whole for late in self.lateness if late.excused]
        print(
            f"  {len(self.lateness)} parked jobs: the latest began "
            f"{max((x.whole for x in plain), default=0):.1f} s after its time, "
            f"{max((x.seconds for x in plain), default=0):.1f} s after its time or a death\n"
            f"  (at most {LATE_S:.0f} s), the earliest "
            f"{min((x.whole for x in self.lateness), default=0):.3f} s; {len(excused)} had to "
            f"wait for a majority, at most {max(excused, default=0):.1f} s"
        )
        return super().tell(verdict)

    def clean(self):
        self.nodes.reverse()  # the first, whose epmd it is, comes last
        super().clean()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
