# SPDX-License-Identifier: Apache-2.0
"""Carries the schedule out: each kind of fault is a function here that strikes, lasts, and is
undone.
"""
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import processes
import proxy
import schedule
from node import NodeError

PATIENCE_S = 60  # for a target to appear: the broker may be away
CUT_WITHIN_S = 6
ALARM_WITHIN_S = 15


OUTAGE_COUNTS_S = 5
TICK_S = 0.05


class NotNow(Exception):
    """There is nothing to strike at the moment."""


def choose(fault, targets):
    targets = list(targets)
    if not targets:
        raise NotNow
    return targets[int(fault.pick * len(targets))]


class Clock:
    """The schedule's time. It stands still while a broker is away for longer than OUTAGE_COUNTS_S:
    how long a start takes
    differs from machine to machine by a factor of five, and no run shall consist of outages."""

    def __init__(self, away, monotonic=time.monotonic):
        self.away, self.monotonic = away, monotonic
        self.elapsed = 0.0
        self.last = monotonic()
        self.outage = 0.0

    def read(self):
        now = self.monotonic()
        step, self.last = now - self.last, now
        self.outage = self.outage + step if self.away() else 0.0
        if self.outage <= OUTAGE_COUNTS_S:
            self.elapsed += step
        return self.elapsed


class Injector:
    """nodes: Node; workers: the first one is left alive, so that somebody sees it all; paths:
    Proxy, by name.
    """

    def __init__(self, nodes, workers, service, producers, paths, queues, say):
        self.nodes, self.workers, self.service, self.producers = nodes, workers, service, producers
        self.paths, self.queues, self.say = paths, queues, say
        self.injected, self.missed, self.broken = Counter(), Counter(), []
        self.gone = None  # why a broker did not come back: nothing can go on then
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.heavy = ThreadPoolExecutor(1)  # they take turns
        self.light = ThreadPoolExecutor(24)

    def run(self, plan):
        """Starts each fault at its time; returns when the last one is over."""
        clock = Clock(lambda: any(node.away for node in self.nodes))
        started = []
        for fault in plan:
            while clock.read() < fault.at and not self.ending.wait(TICK_S):
                pass
            if self.ending.is_set():
                break
            pool = self.heavy if fault.kind in schedule.HEAVY else self.light
            started.append(pool.submit(self._inject, fault))
        for one in started:
            one.result()

    def stop(self):
        self.ending.set()
        self.heavy.shutdown()
        self.light.shutdown()

    def _inject(self, fault):
        act = getattr(self, "_" + fault.kind.replace("-", "_"))
        until = time.monotonic() + PATIENCE_S
        while not self.ending.is_set():
            try:
                act(fault)
                return
            except (NotNow, NodeError, OSError) as e:
                if fault.kind in schedule.HEAVY and not isinstance(e, NotNow):
                    with self.lock:
                        self.broken.append(f"{fault.kind}: {e}")
                    return
                if time.monotonic() > until:
                    self.missed[fault.kind] += 1
                    return
            self.ending.wait(0.3)

    def _struck(self, fault, what):
        with self.lock:
            self.injected[fault.kind] += 1
        self.say(
            f"fault {fault.number}: {fault.kind} {what}"
            + (f" for {fault.seconds} s" if fault.seconds else "")
        )

    def _last(self, fault):
        self.ending.wait(fault.seconds)

    def _strike(self, fault, name, hit):
        if not hit:
            raise NotNow
        self._struck(fault, name)

    # ---- brokers

    def _node(self, fault):
        return choose(fault, self.nodes)

    def _broker_restart(self, fault, politely=True):
        self._struck(fault, "")
        try:
            self._node(fault).restart(politely)
        except NodeError as e:
            self.gone = str(e)

    def _broker_kill(self, fault):
        self._broker_restart(fault, politely=False)

    def _alarm(self, fault, kind):
        node = self._node(fault)
        try:
            node.alarm(kind, True)
            self._strike(fault, "", node.await_alarm(ALARM_WITHIN_S))
            self._last(fault)
        finally:
            node.alarm(kind, False)

    def _memory_alarm(self, fault):
        self._alarm(fault, "memory")

    def _disk_alarm(self, fault):
        self._alarm(fault, "disk")

    def _leader_kill(self, fault):
        queue = choose(fault, self.queues)
        self._strike(fault, queue, self._node(fault).kill_leader(queue))

    def _connection_close(self, fault):
        node = self._node(fault)
        name = choose(fault, node.connections())
        node.close_connection(name)
        self._struck(fault, name)

    # ---- processes

    def _worker_kill(self, fault):
        worker = choose(fault, self.workers[1:])
        self._strike(fault, worker.life, worker.kill())

    def _worker_stop(self, fault):
        worker = choose(fault, self.workers)
        life = worker.signal(signal.SIGSTOP)
        self._strike(fault, worker.name, life)
        self._last(fault)
        worker.resume(life)

    def _guardian_kill(self, fault):
        worker = choose(fault, self.workers[1:])
        self._strike(fault, worker.life, worker.kill_guardian())

    def _handler(self, fault):
        return choose(
            fault,
            [(worker, worker.mark, pid) for worker in self.workers for pid in worker.handlers()],
        )

    def _handler_kill(self, fault):
        worker, mark, pid = self._handler(fault)
        self._strike(
            fault, f"{pid} of {worker.life}", processes.send_signal(pid, signal.SIGKILL, mark)
        )

    def _handler_stop(self, fault):
        worker, mark, pid = self._handler(fault)
        self._strike(
            fault, f"{pid} of {worker.life}", processes.send_signal(pid, signal.SIGSTOP, mark)
        )
        self._last(fault)
        processes.send_signal(pid, signal.SIGCONT, mark)

    def _service_kill(self, fault):
        self._strike(fault, "", self.service.kill())

    def _producer_kill(self, fault):
        producer = choose(fault, [p for p in self.producers if not p.done()])
        self._strike(fault, producer.name, producer.kill())

    def _producer_stop(self, fault):
        producer = choose(fault, [p for p in self.producers if not p.done()])
        process = producer.process
        self._strike(fault, producer.name, producer.signal(signal.SIGSTOP))
        self._last(fault)
        process.send_signal(signal.SIGCONT)

    # ---- the network

    def _path(self, fault):
        return choose(fault, [path for path in self.paths if path.count()])

    def _reset(self, fault):
        path = self._path(fault)
        self._strike(fault, path.name, path.reset(fault.amount))

    def _cut(self, fault):
        path = self._path(fault)
        before = path.cuts
        path.cut(fault.amount, proxy.UP if fault.amount < 0.5 else proxy.DOWN)
        until = time.monotonic() + CUT_WITHIN_S
        while path.cuts == before and time.monotonic() < until:
            self.ending.wait(0.05)
        self._strike(fault, path.name, path.cuts > before)

    def _half_open(self, fault):
        path = self._path(fault)
        alive = proxy.UP if fault.amount < 0.5 else proxy.DOWN
        self._strike(fault, path.name, path.half_open(fault.pick, alive))

    def _refuse(self, fault):
        path = self._path(fault)
        path.refuse(True)
        self._struck(fault, path.name)
        self._last(fault)
        path.refuse(False)

    def _black_hole(self, fault):
        path = self._path(fault)
        path.black_hole(True)
        self._struck(fault, path.name)
        self._last(fault)
        path.black_hole(False)

    def _hold(self, fault):
        path = self._path(fault)
        path.hold(True)
        self._struck(fault, path.name)
        self._last(fault)
        path.hold(False)

    def _delay(self, fault):
        path = self._path(fault)
        path.impair(delay=0.02 + fault.amount / 2)
        self._struck(fault, path.name)
        self._last(fault)
        path.impair()

    def _throttle(self, fault):
        path = self._path(fault)
        path.impair(rate=500 + int(fault.amount * 20000))
        self._struck(fault, path.name)
        self._last(fault)
        path.impair()
