# SPDX-License-Identifier: Apache-2.0
"""What a program costs: time, CPU of it and of the broker, memory."""
import collections
import os
import struct
import subprocess
import threading
import time

Measure = collections.namedtuple("Measure", "jobs seconds cpu_us broker_us rss_kib details")
TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A figure would be wrong."""


def cpu_of(pid):
    """Seconds of CPU that a running process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Meter:
    def __init__(self, broker_pid, folder):
        self.broker_pid, self.folder = broker_pid, folder

    def start(self, words, stdin=subprocess.DEVNULL, env=None):
        log = open(os.path.join(self.folder, "log"), "ab")  # its last lines are shown when it fails
        with log:
            return subprocess.Popen(
                words, stdin=stdin, stdout=log, stderr=log, env={**os.environ, **(env or {})}
            )

    def end(self, process):
        """Its resource use, with that of all its descendants that were waited for."""
        _, status, use = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchError(
                f"{' '.join(process.args[:3])}... ended with {process.returncode}:\n"
                f"{self.last_words()}"
            )
        return use

    def last_words(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-10:])

    def run(self, words, jobs, env=None):
        """From begin to end of a program that does so many jobs."""
        broker, began = cpu_of(self.broker_pid), time.monotonic()
        process = self.start(words, env=env)
        memory = Memory(process.pid)
        use = self.end(process)
        seconds = time.monotonic() - began
        broker_us = (cpu_of(self.broker_pid) - broker) * 1e6 / jobs
        return Measure(jobs, seconds, cpu_us(use) / jobs, broker_us, memory.stop(), {})


class Memory:
    """The most that a process and its descendants hold together. Their ru_maxrss would begin with
    ours, which they are forked of.
    """

    def __init__(self, pid):
        self.pid, self.most_kib = pid, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self):
        while not self.ended.wait(0.1):
            self.most_kib = max(self.most_kib, sum(map(rss_kib, family(self.pid))))

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.most_kib


def cpu_us(use):
    return (use.ru_utime + use.ru_stime) * 1e6


def rss_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return sum(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
    except OSError:
        return 0


def family(pid):
    """A process and its descendants."""
    pids = [pid]
    for parent in pids:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children", encoding="utf-8") as f:
                    pids += [int(word) for word in f.read().split()]
        except OSError:
            continue
    return pids


def pss_kib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total


def read_latencies(path):
    """Milliseconds, in the order of the jobs."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as f:
        data = f.read()
    return [ns / 1e6 for (ns,) in struct.iter_unpack("q", data)]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
