#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks everything that can be broken around Warren, at random from a seed, and counts the jobs.
See README.md.

  tests/faults/chaos.py      the short form: 20,350 jobs, 67 faults, about four minutes
  tests/faults/chaos.py --seed 42                another schedule and another load
  tests/faults/chaos.py --duration 1h            the long form
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import checker
import evidence
import inject
import jobs
import node as nodes
import processes
import proxy
import report
import schedule
import workers as supervised
from producers import Producer

PREFIX = "warren.v1"
UNROUTABLE = PREFIX + ".unroutable"
SHORT_S = 110
PER_SECOND = 185  # jobs in the short form
# beyond it: a machine that does other things as well must get through them in the time named
PER_SECOND_LONG = 60
DRAIN_WITHIN_S = 600
EMPTY_FOR_S = 12  # more than two of the ticks at which a quorum queue counts


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, interrupt)
    run = Run(options)
    try:
        run.announce()
        run.start()
        run.disturb()
        run.settle()
        verdict = run.judge()
    except RunError as e:
        print(f"FAIL: {e}; seed {options.seed}")
        return 1
    finally:
        run.clean()
    return run.tell(verdict)


def read_options():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    seed = random.SystemRandom().randrange(1, 1000000)
    p.add_argument(
        "--seed",
        type=int,
        default=seed,
        help="of schedule and load (default: another one each time)",
    )
    p.add_argument(
        "--duration",
        type=seconds_of,
        default=SHORT_S,
        help="of the load and the faults: 90s, 10m, 1h (default 110s)",
    )
    p.add_argument(
        "--jobs", type=int, help="how many (default: 185 a second for 110 s, then 60 a second)"
    )
    p.add_argument("--faults", type=int, help="how many (default: 67 in 110 s)")
    p.add_argument("--workers", type=int, default=3)
    p.add_argument("--producers", type=int, default=3)
    p.add_argument(
        "--build", default="build-test", help="folder with the programs (default build-test)"
    )
    p.add_argument(
        "--sanitized", action="store_true", help="the build has ASan: memory is told, not judged"
    )
    p.add_argument("--json", metavar="FILE", help="write figures and findings there too")
    p.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    p.add_argument("--quiet", action="store_true", help="do not tell each fault")
    options = p.parse_args()
    options.build = os.path.abspath(options.build)
    options.jobs = options.jobs or jobs_in(options.duration)
    options.faults = options.faults or round(options.duration / SHORT_S * schedule.DECK)
    if not os.path.exists(os.path.join(options.build, "worker", "warren-worker")):
        p.error(f"no programs in {options.build}: build them first")
    return options


def jobs_in(duration_s):
    short_s = min(duration_s, SHORT_S)
    return int(short_s * PER_SECOND + (duration_s - short_s) * PER_SECOND_LONG)


def seconds_of(text):
    units = {"s": 1, "m": 60, "h": 3600}
    return float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text)


def interrupt(*_):
    raise KeyboardInterrupt


class RunError(Exception):
    """The run cannot go on, and proves nothing."""


class Run:
    """One run from the first process to the last. Whatever it starts has its folder's name in the
    environment.
    """

    def __init__(self, options):
        self.options = options
        self.began = time.monotonic()
        self.folder = tempfile.mkdtemp(prefix="warren-chaos.")
        os.environ["TMPDIR"] = self.folder
        self.record = os.path.join(self.folder, "record")
        self.plan = schedule.plan(options.seed, options.duration, options.faults)
        self.loop = proxy.Loop()
        self.nodes, self.paths, self.workers, self.producers = [], [], [], []
        self.service = self.injector = self.samples = None
        self.uses = []
        self.stranded = 0

    def elapsed(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"{self.elapsed():7.1f} s  {text}", flush=True)

    def say_fault(self, text):
        if not self.options.quiet:
            self.say(text)

    # ---- the stages

    def announce(self):
        o = self.options
        print(
            f"chaos: seed {o.seed}, {o.jobs} jobs and {o.faults} faults in {o.duration:.0f} s, "
            f"{o.workers} workers, "
            f"{o.producers} producers; repeat it with: {self.repeat()}",
            flush=True,
        )

    def repeat(self):
        o = self.options
        return (
            f"tests/faults/chaos.py --seed {o.seed} --duration {o.duration:.0f}s"
            f" --jobs {o.jobs} --faults {o.faults}"
        )

    def start(self):
        node = nodes.Node(os.path.join(self.folder, "broker"), nodes.free_port())
        self.nodes.append(node)
        node.start()
        self.say("the broker runs")
        self.setup()
        self.start_service()
        self.start_workers()
        self.start_producers()

    def setup(self):
        words = [
            os.path.join(self.options.build, "producer", "warren-producer"),
            "setup",
            *supervised.QUEUES,
        ]
        environment = {**os.environ, "AMQP_URL": self.direct_url()}
        subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=120)

    def direct_url(self):
        return f"amqp://127.0.0.1:{self.nodes[0].port}"

    def urls(self, name):
        """A client's own way to each node, through a proxy."""
        paths = [proxy.Proxy(self.loop, name, node.port) for node in self.nodes]
        self.paths += paths
        return [f"amqp://127.0.0.1:{path.port}" for path in paths]

    def start_service(self):
        socket = os.path.join(self.folder, "service")
        self.service = supervised.Service(
            socket, self.record, os.path.join(self.folder, "service.log")
        )

    def start_workers(self):
        for n in range(1, self.options.workers + 1):
            name = f"w{n}"
            worker = supervised.Worker(
                name,
                os.path.join(self.folder, name),
                self.urls(name),
                self.options.build,
                self.service.socket,
                self.record,
            )
            self.workers.append(worker)
            worker.start()
        self.samples = evidence.Samples(self.workers)

    def start_producers(self):
        o = self.options
        for n in range(1, o.producers + 1):
            name = f"p{n}"
            total = o.jobs // o.producers + (n <= o.jobs % o.producers)
            rate = o.jobs / o.producers / o.duration * 1.5  # what outages cost is made up for
            producer = Producer(
                name, os.path.join(self.folder, name), self.urls(name), o.build, o.seed, total, rate
            )
            self.producers.append(producer)
            producer.start()

    def disturb(self):
        """All faults, and all jobs published."""
        queues = [f"{PREFIX}.q.{queue}" for queue in supervised.QUEUES]
        self.injector = inject.Injector(
            self.nodes,
            self.workers,
            self.service,
            self.producers,
            self.paths,
            queues,
            self.say_fault,
        )
        faults = threading.Thread(target=self.injector.run, args=(self.plan,), daemon=True)
        began = time.monotonic()
        faults.start()
        until = began + self.options.duration * 5 + DRAIN_WITHIN_S
        told = began
        while faults.is_alive() or not all(p.done() for p in self.producers):
            time.sleep(0.2)
            now = time.monotonic()
            self.samples.quarter_over = now > began + self.options.duration / 4
            if now - told > 5:
                told = now
                self.say_progress()
            if self.injector.gone:
                raise RunError(f"the broker does not start again: {self.injector.gone}")
            if now > until:
                raise RunError("the producers do not come to their end")
        faults.join()
        for path in self.paths:
            path.calm()

    def say_progress(self):
        confirmed = sum(p.confirmed for p in self.producers)
        self.say(
            f"files confirmed: {confirmed} of {self.options.jobs} jobs; "
            f"runs {line_count(self.record) // 2}; "
            f"faults {sum(self.injector.injected.values())}; "
            f"lives of workers {sum(w.number for w in self.workers)}"
        )

    def settle(self):
        """No faults any more: the queues run empty, then the workers are drained."""
        self.say("calm: waiting for the queues to run empty")
        self.await_empty()
        self.samples.take()
        self.uses = self.samples.uses()
        self.samples.stop()
        for worker in self.workers:
            worker.stop(60)

    def await_empty(self):
        until = time.monotonic() + DRAIN_WITHIN_S
        empty_since, replayed = None, 0
        while time.monotonic() < until:
            try:
                depths = self.nodes[0].depths()
            except (OSError, nodes.NodeError):
                depths = {"?": 1}
            waiting = {q: n for q, n in depths.items() if n != 0 and not q.endswith(".dead")}
            now = time.monotonic()
            if (
                set(waiting) == {UNROUTABLE} and now > replayed + EMPTY_FOR_S
            ):  # what the broker counts is seconds old
                replayed = now
                self.replay_stranded(waiting[UNROUTABLE])
            empty_since = None if waiting else empty_since or now
            if empty_since and now - empty_since > EMPTY_FOR_S:
                return
            time.sleep(0.5)
        self.say(f"queues do not run empty: {waiting}")

    def replay_stranded(self, count):
        """As docs/operations.md says: a starting broker may let jobs out of the ring before it
        knows where to.
        """
        self.say(f"{count} jobs found no queue while the broker started; sent on")
        self.stranded += count
        words = [
            os.path.join(self.options.build, "producer", "warren-producer"),
            "dead",
            "replay",
            "--unroutable",
        ]
        environment = {**os.environ, "AMQP_URL": self.direct_url()}
        subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=120)

    def judge(self):
        self.say("reading what is left")
        e = checker.Evidence(faults=self.injector.injected, uses=self.uses, stranded=self.stranded)
        for producer in self.producers:
            confirmed, missing = producer.receipts()
            e.lines += producer.total
            e.confirmed.update({i: plan for i, plan, _ in confirmed})
            e.kinds.update({i: kind for i, _, kind in confirmed})
            e.unconfirmed += missing
        e.record, e.torn = evidence.read_record(self.record)
        for worker in self.workers:
            e.lives += worker.lives
            e.leaked += worker.leaked
        e.told_dead = evidence.told_dead(self.options.build, self.direct_url(), supervised.QUEUES)
        depths = self.nodes[0].depths()
        e.depths = {
            queue: count or 0 for queue, count in depths.items() if not queue.endswith(".dead")
        }
        e.letters = evidence.take_letters(self.nodes[0], depths)
        o = self.options
        bounds = checker.Bounds(
            jobs=o.jobs, faults=min(o.faults * 5 // 6, o.faults), judge_rss=not o.sanitized
        )
        verdict = checker.judge(e, bounds)
        surprises = [s for producer in self.producers for s in producer.surprises]
        verdict.findings += [
            f"a producer ended in a way that nobody explains: {s}" for s in surprises
        ]
        verdict.findings += [
            f"a fault could not be injected or undone: {b}" for b in self.injector.broken
        ]
        return verdict

    def clean(self):
        """Ends what still runs, on every way out."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.injector:
            self.injector.ending.set()
        for worker in self.workers:
            worker.ending.set()
        for part in [*self.producers, *([self.service] if self.service else [])]:
            part.ending.set()
        for node in self.nodes:
            node.stop()
        processes.end_all(self.folder)
        for path in self.paths:
            path.stop()
        self.loop.stop()
        if self.options.keep:
            self.say(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, verdict):
        figures = dict(
            verdict.figures,
            seed=self.options.seed,
            missed=dict(self.injector.missed),
            workers=len(self.workers),
            producer_runs=sum(p.runs for p in self.producers),
            producer_resumes=sum(p.resumed for p in self.producers),
            uses=self.uses,
            seconds=self.elapsed(),
        )
        print(report.table(figures))
        for finding in verdict.findings:
            print("finding: " + finding)
        print(
            f"{'PASS' if verdict.passed else 'FAIL'}: seed {self.options.seed}; "
            f"repeat it with: {self.repeat()}"
        )
        if self.options.json:
            with open(self.options.json, "w", encoding="utf-8") as f:
                json.dump(
                    {
                        **figures,
                        "uses": [u._asdict() for u in self.uses],
                        "findings": verdict.findings,
                    },
                    f,
                    indent=1,
                )
        return 0 if verdict.passed else 1


def line_count(path):
    try:
        with open(path, "rb") as f:
            return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))
    except OSError:
        return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
