# SPDX-License-Identifier: Apache-2.0
"""Workers under a supervisor that starts them again, as systemd would; and the HTTP service that
some of their jobs go to.
"""
import os
import signal
import subprocess
import sys
import threading
import time

import jobs
import processes
from checker import Life

HERE = os.path.dirname(os.path.abspath(__file__))
AGAIN_S = 0.3
# A worker that starts while the broker is away or a queue has no leader may end with one of these,
# as documented.
MAY_END = {69, 75}
DIES_WITHIN_S = 15

CONFIG = """urls = ( {urls} );
heartbeat = "2s";
slots = {slots};
timeout = "5s";
grace = "1s";
drain = "10s";
queues = ( {queues} );
handlers = (
  {{ type = "process.*"; run = "process:{python} {here}/handlers/handler.py"; children = 2; }},
  {{ type = "plugin.*"; run = "plugin:{build}/tests/faults/chaos.so"; children = 2; }},
  {{ type = "exec.*"; run = "exec:{here}/handlers/handler.sh"; }},
  {{ type = "http.*"; run = "http+unix://{service}:/"; }}
);
"""
QUEUE = '{{ name = "{name}"; weight = {weight}; backoff = "exp:125ms..2s~0.2"; }}'
WEIGHTS = {"numbers": 3, "programs": 2, "services": 1}


def now():
    """The clock of the handlers' records: the same in every process, also in a shell's."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Worker:
    """One place in which a worker process runs, again and again. folder: its own; urls: a list;
    mark: see processes.
    """

    def __init__(self, name, folder, urls, build, service_socket, record, slots=12):
        self.name, self.folder = name, folder
        os.makedirs(folder)
        self.program = os.path.join(build, "worker", "warren-worker")
        self.config = os.path.join(folder, "worker.cfg")
        self.record = record
        queues = ", ".join(QUEUE.format(name=n, weight=w) for n, w in WEIGHTS.items())
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(
                CONFIG.format(
                    urls=", ".join(f'"{url}"' for url in urls),
                    slots=slots,
                    queues=queues,
                    python=sys.executable,
                    here=HERE,
                    build=build,
                    service=service_socket,
                )
            )
        self.number = 0
        self.lives = []
        self.leaked = []
        self.watchers = []
        self.process = None
        self.killed_at = None
        self.guardian_killed = False
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._supervise, daemon=True)

    @property
    def life(self):
        return f"{self.name}.{self.number}"

    @property
    def mark(self):
        """In the environment of this life's processes and of no other's, on the whole machine."""
        return f"CHAOS_LIFE={os.path.join(self.folder, self.life)}\0"

    def start(self):
        self.thread.start()

    def _supervise(self):
        while not self.ending.is_set():
            self._live()
            self.ending.wait(AGAIN_S)

    def _live(self):
        with self.lock:
            self.number += 1
            self.killed_at, self.guardian_killed = None, False
            environment = {
                **os.environ,
                "CHAOS_WORKER": self.life,
                "CHAOS_RECORD": self.record,
                "TMPDIR": self.folder,
            }
            environment.update([self.mark.rstrip("\0").split("=", 1)])
            with open(os.path.join(self.folder, "log"), "ab") as log:
                self.process = subprocess.Popen(
                    [self.program, "run", "--config", self.config, "--name", self.life],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        code = self.process.wait()
        with self.lock:
            asked = (
                self.killed_at is not None
                or self.guardian_killed
                or (self.ending.is_set() and code == 0)
            )
            self.lives.append(
                Life(self.life, self.killed_at, f"exit {code}", asked or code in MAY_END)
            )
            watcher = threading.Thread(target=self._see_it_gone, args=(self.life, self.mark))
            self.watchers.append(watcher)
            watcher.start()

    def _see_it_gone(self, life, mark):
        """No handler may outlive its worker."""
        for what in processes.await_none(mark, DIES_WITHIN_S):
            self.leaked.append(f"{what} of {life}")

    def running(self):
        return self.process is not None and self.process.poll() is None

    # ---- what can be done to it; False: it was not there

    def kill(self):
        with self.lock:
            if not self.running():
                return False
            self.killed_at = now()
            self.process.kill()
            return True

    def signal(self, number):
        """Returns the life it hit, or None."""
        with self.lock:
            if not self.running():
                return None
            self.process.send_signal(number)
            return self.life

    def resume(self, life):
        with self.lock:
            if self.running() and self.life == life:
                self.process.send_signal(signal.SIGCONT)

    def guardian(self):
        return next(iter(processes.children(self.process.pid)), None) if self.running() else None

    def kill_guardian(self):
        with self.lock:
            pid = self.guardian()
            if not pid:
                return False
            self.guardian_killed = True
            return processes.send_signal(pid, signal.SIGKILL, self.mark)

    def handlers(self):
        """Pids of the processes that its guardian has started."""
        pid = self.guardian()
        return processes.children(pid) if pid else []

    def use(self):
        return processes.rss_kib(self.process.pid), processes.fd_count(self.process.pid)

    def stop(self, seconds):
        """Drains it. What it leaves behind is in leaked, how it ended in lives."""
        self.ending.set()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        self.thread.join(seconds)
        if self.thread.is_alive():
            self.leaked.append(f"{self.life} did not end within {seconds} s of SIGTERM")
            self.kill()
            self.thread.join(seconds)
        for watcher in self.watchers:
            watcher.join()


class Service:
    """The HTTP service, started again when it is killed. On a socket in the run's own folder: a
    port might be another's while
    it is away, who would take its jobs."""

    def __init__(self, socket, record, log):
        self.socket, self.record, self.log = socket, record, log
        self.ending = threading.Event()
        self.process = None
        self.thread = threading.Thread(target=self._supervise, daemon=True)
        self.thread.start()

    def _supervise(self):
        while not self.ending.is_set():
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, os.path.join(HERE, "handlers", "service.py"), self.socket],
                    env={**os.environ, "CHAOS_RECORD": self.record},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.process.wait()
            self.ending.wait(1)

    def kill(self):
        if self.process is None or self.process.poll() is not None:
            return False
        self.process.kill()
        return True

    def stop(self):
        self.ending.set()
        self.kill()
        self.thread.join(10)


QUEUES = sorted(set(jobs.QUEUES.values()))
