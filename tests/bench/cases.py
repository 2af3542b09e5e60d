# SPDX-License-Identifier: Apache-2.0
"""What is measured: groups of cases that do the same work. The first of a group is the ceiling of
the others.
"""
import json
import os
import time

from measure import BenchError, Measure, cpu_of, cpu_us, family, percentile, pss_kib, read_latencies

QUEUE = "bench"
EXCHANGE, KEY = "warren.v1.jobs", f"warren.v1.q.{QUEUE}"
HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 200  # jobs a second, of the latency
PACK, PACKED_FACTOR = (
    100,
    5,
)  # so many jobs in a message; and of them so many more, that the start does not weigh more


class Context:
    """Where everything is. size: how many jobs of each kind."""

    def __init__(self, meter, build, url, folder, size):
        self.meter, self.build, self.url, self.folder, self.size = meter, build, url, folder, size
        self.producer = os.path.join(build, "producer", "warren-producer")
        self.worker = os.path.join(build, "worker", "warren-worker")
        self.env = {"AMQP_URL": url}
        self.number = 0

    def raw(self, name, *words):
        return [os.path.join(self.build, "tests", "bench", f"raw-{name}"), *map(str, words)]

    def plugin(self, name):
        return os.path.join(self.build, "tests", name + ".so")

    def path(self, name):
        self.number += 1
        return os.path.join(self.folder, f"{self.number}.{name}")

    def do(self, words):
        self.meter.end(self.meter.start(words, env=self.env))

    def empty(self):
        self.do([self.producer, "queue", "purge", QUEUE, "--yes"])

    def fill(self, jobs):
        self.do(self.raw("publish", self.url, EXCHANGE, KEY, jobs, "--cork"))


# ---- a document alone


def read_document(way):
    def run(c):
        program = os.path.join(c.build, "tests", "bench", "read-document")
        return c.meter.run([program, str(c.size["document"]), way], c.size["document"])

    return run


# ---- publish


def publish_raw(c, *options):
    return c.meter.run(
        c.raw("publish", c.url, EXCHANGE, KEY, c.size["publish"], *options), c.size["publish"]
    )


def publish_corked(c):
    return publish_raw(c, "--cork")


def job_lines(c, jobs):
    path = os.path.join(c.folder, f"jobs.{jobs}")
    if not os.path.exists(path):
        job = {
            "type": "bench",
            "args": {
                "t": time.time_ns(),
                "file": "",
                "numbers": [1, 2.5, -300.0],
                "yes": True,
                "text": "a line of text, as many a job has one among its arguments",
                "nothing": None,
            },
        }
        with open(path, "w", encoding="utf-8") as f:
            for n in range(jobs):
                f.write(json.dumps({"id": f"bench-{n:012}", **job}, separators=(",", ":")) + "\n")
    return path


def publish_batch(c, *options):
    jobs = c.size["publish"]
    words = [c.producer, "batch", job_lines(c, jobs), "-q", QUEUE, "--progress", "none", *options]
    return c.meter.run(words, jobs, c.env)


def publish_packed(c):
    jobs = c.size["publish"] * PACKED_FACTOR
    words = [
        c.producer,
        "batch",
        job_lines(c, jobs),
        "-q",
        QUEUE,
        "--progress",
        "none",
        "--pack",
        str(PACK),
    ]
    return c.meter.run(words, jobs, c.env)


# ---- consume


def consume_raw(c, every=100, prefetch=500):
    jobs = c.size["consume"]
    c.fill(jobs)
    return c.meter.run(c.raw("consume", c.url, KEY, jobs, every, prefetch), jobs)


def consume_raw_each(c):
    return consume_raw(c, every=1)


def run_worker(c, jobs, slots, handler, *options, level="warn", more_env=None):
    words = [
        c.worker,
        "run",
        "-q",
        QUEUE,
        "-j",
        str(slots),
        "--count",
        str(jobs),
        "--handler",
        f"*={handler}",
        *options,
        "--log-level",
        level,
    ]
    return c.meter.run(words, jobs, {**c.env, **(more_env or {})})


def consume_plugin(c):
    c.fill(c.size["consume"])
    return run_worker(
        c, c.size["consume"], 500, "plugin:" + c.plugin("handlers/noop"), "--with", "children=1"
    )


def consume_packed(c):
    publish_packed(c)
    jobs = c.size["publish"] * PACKED_FACTOR
    return run_worker(c, jobs, 500, "plugin:" + c.plugin("handlers/noop"), "--with", "children=1")


def consume_plugin_logged(c):
    """As a user has it, with a line of the log for each job."""
    jobs, log = c.size["consume"], c.path("worker.log")
    c.fill(jobs)
    handler = "plugin:" + c.plugin("handlers/noop")
    measure = run_worker(
        c, jobs, 500, handler, "--with", "children=1", "--log-file", log, level="info"
    )
    with open(log, "rb") as f:
        lines = sum(b"] ok in" in line for line in f)
    if lines != jobs:
        raise BenchError(f"{lines} lines of the log tell of {jobs} jobs")
    return measure


def consume_process(c, handler):
    """A long-lived handler that tells what it used itself."""
    jobs, file = c.size["python"], c.path("cpu")
    c.fill(jobs)
    measure = run_worker(
        c, jobs, 100, "process:" + handler, "--with", "children=1", more_env={"BENCH_CPU": file}
    )
    with open(file, encoding="utf-8") as f:
        handler_us = float(f.read()) * 1e6 / jobs
    return measure._replace(details={"handler_cpu_us": handler_us})


def consume_python(c):
    return consume_process(c, f"python3 {HERE}/noop.py")


def python_alone(c):
    """The handler's own part: it is fed from a file."""
    jobs = c.size["python"]
    requests = c.path("requests")
    with open(job_lines(c, jobs), encoding="utf-8") as lines, open(
        requests, "w", encoding="utf-8"
    ) as f:
        for n, line in enumerate(lines):
            f.write(
                json.dumps(
                    {
                        "id": f"bench-{n:012}",
                        "type": "bench",
                        "attempt": 1,
                        "max_attempts": 5,
                        "queue": QUEUE,
                        "deadline": "2030-01-01T00:00:00.000Z",
                    }
                )[:-1]
                + f',"job":{line.strip()}}}\n'
            )
    return c.meter.run(
        ["sh", "-c", f'exec python3 "{HERE}/noop.py" 3<"{requests}" 4>/dev/null'], jobs
    )


# ---- exec


def spawn_raw(c):
    return c.meter.run(c.raw("spawn", c.size["spawn"], 4, "cat"), c.size["spawn"])


def spawn_worker(c):
    c.fill(c.size["spawn"])
    return run_worker(c, c.size["spawn"], 4, "exec:cat")


# ---- latency


def latencies(c, consumer, file):
    """Jobs published at a steady rate to a consumer that waits for them."""
    jobs = c.size["latency"]
    began = time.monotonic()
    process = c.meter.start(consumer, env=c.env)
    time.sleep(0.5)  # it starts meanwhile; what it starts for the first jobs is not counted either
    c.do(c.raw("publish", c.url, EXCHANGE, KEY, jobs, "--rate", RATE, "--latency", file))
    use = c.meter.end(process)
    all_of_them = read_latencies(file)
    if len(all_of_them) != jobs:
        raise BenchError(f"{len(all_of_them)} latencies of {jobs} jobs")
    steady = all_of_them[jobs // 10 :]
    details = {"p50_ms": percentile(steady, 0.5), "p99_ms": percentile(steady, 0.99)}
    return Measure(jobs, time.monotonic() - began, cpu_us(use) / jobs, 0, 0, details)


def latency_raw(c):
    file = c.path("latency")
    return latencies(
        c, c.raw("consume", c.url, KEY, c.size["latency"], 1, 10, "--latency", file), file
    )


def latency_worker(c):
    file = c.path("latency")
    words = [
        c.worker,
        "run",
        "-q",
        QUEUE,
        "-j",
        "4",
        "--count",
        str(c.size["latency"]),
        "--log-level",
        "warn",
        "--handler",
        "*=plugin:" + c.plugin("bench/latency"),
    ]
    return latencies(c, words, file)


# ---- idle, and the first job


def publish_clock(c, file):
    """A job whose latency is the wall clock, for its time is 0."""
    lines = c.path("line")
    with open(lines, "w", encoding="utf-8") as f:
        f.write(
            json.dumps({"type": "bench", "args": {"t": 0, "file": file}}, separators=(",", ":"))
            + "\n"
        )
    c.do([c.producer, "batch", lines, "-q", QUEUE, "--progress", "none"])


def first_job(c, consumer, file):
    publish_clock(c, file)
    began, began_ms = time.monotonic(), time.time_ns() / 1e6
    use = c.meter.end(c.meter.start(consumer, env=c.env))
    details = {"first_ms": read_latencies(file)[0] - began_ms}
    return Measure(1, time.monotonic() - began, cpu_us(use), 0, 0, details)


def idle_pss(c, consumer):
    """Of all its processes, when it has nothing to do."""
    process = c.meter.start(consumer, env=c.env)
    time.sleep(1)
    kib = pss_kib(family(process.pid))
    process.kill()
    process.wait()
    return kib


def idle(c, measure, consumer):
    return measure._replace(details={**measure.details, "pss_kib": idle_pss(c, consumer)})


def start_raw(c):
    file = c.path("first")
    measure = first_job(c, c.raw("consume", c.url, KEY, 1, 1, 10, "--latency", file), file)
    return idle(c, measure, c.raw("consume", c.url, KEY, 1, 1, 10))


def start_worker(c):
    file = c.path("first")
    words = [
        c.worker,
        "run",
        "-q",
        QUEUE,
        "--log-level",
        "warn",
        "--handler",
        "*=plugin:" + c.plugin("bench/latency"),
    ]
    measure = first_job(c, words + ["--once"], file)
    return idle(c, measure, words)


# ---- scale-out


def scale(workers):
    """So many worker processes with one slot each, and 20 ms for a job."""

    def run(c):
        each = c.size["scale"]
        words = [
            c.worker,
            "run",
            "-q",
            QUEUE,
            "-j",
            "1",
            "--count",
            str(each),
            "--log-level",
            "warn",
            "--handler",
            "*=plugin:" + c.plugin("bench/nap"),
        ]
        processes = [c.meter.start(words, env=c.env) for _ in range(workers)]
        time.sleep(1 + workers / 8)  # until all consume
        broker, began = cpu_of(c.meter.broker_pid), time.monotonic()
        c.fill(each * workers)
        uses = [c.meter.end(process) for process in processes]
        seconds, jobs = time.monotonic() - began, each * workers
        broker_us = (cpu_of(c.meter.broker_pid) - broker) * 1e6 / jobs
        ours_us = sum(map(cpu_us, uses)) / jobs
        busy = (ours_us + broker_us) * jobs / 1e6 / seconds / os.cpu_count()
        return Measure(jobs, seconds, ours_us, broker_us, 0, {"machine_busy": busy})

    return run


# ---- the delay ring

LEVEL, LEVEL_MS = 4, 2000
EASE = 1000  # jobs a second that a machine like this has no trouble with


def ring_queue(c):
    return c.meter.run(
        c.raw("publish", c.url, EXCHANGE, KEY, c.size["ring"], "--cork"), c.size["ring"]
    )


def ring_level(c, jobs, *options):
    """Publishes into one level; a consumer waits where they come out."""
    file = c.path("ring")
    consumer = c.meter.start(c.raw("consume", c.url, KEY, jobs, 100, 2000, "--latency", file))
    exchange = f"warren.v1.delay.{LEVEL:02}"
    measure = c.meter.run(
        c.raw("publish", c.url, exchange, KEY, jobs, "--latency", file, "--leave", LEVEL, *options),
        jobs,
    )
    c.meter.end(consumer)
    late = [ms - LEVEL_MS for ms in read_latencies(file)]
    if len(late) != jobs:
        raise BenchError(f"{len(late)} of {jobs} jobs came out of the ring")
    return (
        measure._replace(
            details={"late_p50": percentile(late, 0.5), "late_p99": percentile(late, 0.99)}
        ),
        late,
    )


def drained(late, measure):
    """Jobs a second that came out when no more went in: they went in evenly, and come out in that
    order.
    """
    out = [n * measure.seconds / measure.jobs + (LEVEL_MS + ms) / 1000 for n, ms in enumerate(late)]
    behind = [at for at in out if at > measure.seconds]
    return len(behind) / (out[-1] - max(measure.seconds, LEVEL_MS / 1000)) if behind else 0


def ring_flat_out(c):
    measure, late = ring_level(c, c.size["ring"], "--cork")
    return measure._replace(details={**measure.details, "late_drained": drained(late, measure)})


def ring_at_ease(c):
    return ring_level(c, c.size["ring"] // 10, "--rate", EASE)[0]


GROUPS = {
    "read a document": {
        "jansson, a tree": read_document("jansson"),
        "the scanner": read_document("scan"),
        "the codec, a job": read_document("codec"),
    },
    "publish, confirmed": {
        "rabbitmq-c, corked": publish_corked,
        "rabbitmq-c": publish_raw,
        "warren-producer batch": publish_batch,
        "warren-producer batch --pack 100": publish_packed,
    },
    "consume, no-op": {
        "rabbitmq-c, ack 100": consume_raw,
        "rabbitmq-c, ack each": consume_raw_each,
        "warren-worker, plugin": consume_plugin,
        "warren-worker, plugin, log": consume_plugin_logged,
        "warren-worker, plugin, packs of 100": consume_packed,
    },
    "a long-lived process": {
        "the Python handler alone": python_alone,
        "warren-worker, Python": consume_python,
    },
    "a process per job": {"posix_spawn": spawn_raw, "warren-worker, exec": spawn_worker},
    "latency at 200 jobs/s": {"rabbitmq-c": latency_raw, "warren-worker, plugin": latency_worker},
    "start, idle": {"rabbitmq-c": start_raw, "warren-worker, plugin": start_worker},
}
LONG_GROUPS = {
    "scale-out, jobs of 20 ms": {f"{n} processes": scale(n) for n in (1, 2, 4, 8, 16)},
    "publish into the delay ring": {
        "into a queue": ring_queue,
        "into a level of 2 s": ring_flat_out,
        "1,000/s into a level": ring_at_ease,
    },
}
