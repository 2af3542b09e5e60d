# SPDX-License-Identifier: Apache-2.0
"""A private broker node: started, stopped and killed by scripts/broker.sh, alarmed by its own
tools, read by its management
API."""
import base64
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "broker.sh")
START_TRIES, START_AGAIN_S = 5, 5
PAGE = 500  # messages per request
CONFIG = """management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
collect_statistics_interval = 1000
vm_memory_high_watermark.relative = 0.6
"""


class NodeError(Exception):
    pass


class Node:
    """One node below `folder`; the ports port, +10000, +19000 (management) and +20000 are its own.
    """

    def __init__(self, folder, port):
        self.folder, self.port, self.management = folder, port, port + 19000
        self.away = False
        self.lock = threading.Lock()  # one at a time starts, stops or kills it
        os.makedirs(folder)
        self.config = os.path.join(folder, "extra.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(management=self.management))

    def _script(self, verb, *args, check=True, timeout=300, more=None):
        environment = {
            **os.environ,
            "BROKER_PLUGINS": "rabbitmq_management",
            "BROKER_CONF": self.config,
            **(more or {}),
        }
        done = subprocess.run(
            [SCRIPT, verb, os.path.join(self.folder, "node"), *args],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise NodeError(f"broker.sh {verb}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def start(self):
        with self.lock:
            self._script("start", str(self.port))

    def stop(self):
        with self.lock:
            self._script("stop")

    def _start_again(self):
        """Whoever takes one of its ports while it is away may give it back."""
        for _ in range(START_TRIES - 1):
            try:
                self._script("start", str(self.port))
                return
            except NodeError:
                time.sleep(START_AGAIN_S)
        self._script("start", str(self.port))

    def restart(self, politely):
        """Gone and there again; returns when clients are accepted."""
        with self.lock:
            self.away = True
            try:
                self._script("stop" if politely else "kill")
                self._start_again()
            finally:
                self.away = False

    def ctl(self, *args, check=True):
        return self._script("ctl", *args, check=check)

    def erlang(self, expression):
        return self.ctl("eval", expression).strip()

    # ---- the management API

    def api(self, method, path, body=None, timeout=20):
        """JSON in, JSON out. OSError: it cannot be reached; NodeError: it does not want to."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management}/api/{path}", method=method
        )
        request.add_header("Authorization", "Basic " + base64.b64encode(b"guest:guest").decode())
        data = None if body is None else json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise NodeError(f"{method} {path}: {e.code}") from e
        return json.loads(text) if text else None

    def depths(self):
        """Queue -> messages ready, unacknowledged, or on their way to another queue, as counted
        some seconds ago; None: not
        counted yet, as after a start."""
        return {q["name"]: q.get("messages") for q in self.api("GET", "queues/%2F")}

    def connections(self):
        return [c["name"] for c in self.api("GET", "connections")]

    def close_connection(self, name):
        self.api("DELETE", "connections/" + urllib.parse.quote(name, safe=""))

    def alarms(self):
        node = self.api("GET", "nodes")[0]
        return [kind for kind in ("mem_alarm", "disk_free_alarm") if node.get(kind)]

    def take_all(self, queue):
        """Takes every message out of a queue, for good: a list of (properties, payload)."""
        taken = []
        while True:
            page = self.api(
                "POST",
                f"queues/%2F/{urllib.parse.quote(queue, safe='')}/get",
                {"count": PAGE, "ackmode": "ack_requeue_false", "encoding": "auto"},
                timeout=60,
            )
            taken += [(m["properties"], m["payload"]) for m in page]
            if not page:
                return taken

    # ---- what can be done to it

    def kill_leader(self, queue):
        """The process that leads the queue here dies; its supervisor starts it again, which elects
        a leader anew.
        """
        strike = "case whereis('%2F_{}') of undefined -> none; P -> exit(P, kill), killed end."
        return self.erlang(strike.format(queue)) == "killed"

    def alarm(self, kind, on):
        """kind: memory or disk. Publishing connections are blocked while one is up."""
        if kind == "memory":
            self.ctl("set_vm_memory_high_watermark", *(["absolute", "1MB"] if on else ["0.6"]))
        else:
            self.ctl("set_disk_free_limit", "1000000GB" if on else "10MB")

    def await_alarm(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.alarms():
                return True
            time.sleep(0.2)
        return False


def free_port(taken=()):
    """Returns a port such that it and the further ports of a node are free, and not in taken.

    It must still be free after the node was away for a while. So it is out of the ranges from which
    the kernel and scripts/broker.sh take theirs.
    """
    used = set(taken)
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            used |= {int(line.split()[1].rsplit(":", 1)[1], 16) for line in list(f)[1:]}
    for port in range(2000 + os.getpid() % 2000, 5000):
        if not used & {port, port + 10000, port + 19000, port + 20000}:
            return port
    raise NodeError("no free port")
