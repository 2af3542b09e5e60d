# SPDX-License-Identifier: Apache-2.0
"""What Warren is held against beside the ceilings: other people's programs, as far as they are
installed.
"""
import os
import shutil
import subprocess

from cases import EXCHANGE, HERE, KEY, consume_process

MODULES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build-peers", "node_modules")
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's packages
FEW = 30  # Celery publishes one job at a time: it gets a part of the jobs


def peer(name):
    return os.path.join(HERE, "peers", name)


def pika_publish(c):
    jobs = c.size["publish"]
    return c.meter.run([PYTHON, peer("pika_publish.py"), c.url, EXCHANGE, KEY, str(jobs)], jobs)


def pika_consume(c):
    jobs = c.size["consume"]
    c.fill(jobs)
    return c.meter.run([PYTHON, peer("pika_consume.py"), c.url, KEY, str(jobs), "100", "500"], jobs)


def amqplib_publish(c):
    jobs = c.size["publish"]
    words = ["node", peer("amqplib_publish.js"), c.url, EXCHANGE, KEY, str(jobs)]
    return c.meter.run(words, jobs, {"NODE_PATH": MODULES})


def amqplib_consume(c):
    jobs = c.size["consume"]
    c.fill(jobs)
    words = ["node", peer("amqplib_consume.js"), c.url, KEY, str(jobs), "100", "500"]
    return c.meter.run(words, jobs, {"NODE_PATH": MODULES})


def celery_environment(c, jobs):
    return {**c.env, "BENCH_COUNT": str(jobs), "PYTHONPATH": os.path.join(HERE, "peers")}


worked = []  # measures of jobs that were worked off only because they had been published


def celery_publish(c):
    jobs = c.size["publish"] // FEW
    measure = c.meter.run(
        [PYTHON, peer("celery_app.py"), str(jobs)], jobs, celery_environment(c, jobs)
    )
    worked.append(celery_work(c, jobs))
    return measure


def celery_work(c, jobs):
    """By one process, which is what costs it least."""
    words = [
        PYTHON,
        "-m",
        "celery",
        "-A",
        "celery_app",
        "worker",
        "--pool",
        "solo",
        "--loglevel",
        "warning",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    return c.meter.run(words, jobs, celery_environment(c, jobs))


def celery_consume(c):
    if worked:
        return worked.pop()
    jobs = c.size["consume"] // FEW
    c.meter.run([PYTHON, peer("celery_app.py"), str(jobs)], jobs, celery_environment(c, jobs))
    return celery_work(c, jobs)


def amqp_consume(c):
    """A process for each job, one after the other: it has no slots."""
    jobs = c.size["spawn"]
    c.fill(jobs)
    return c.meter.run(
        ["amqp-consume", "-u", c.url, "-q", KEY, "-c", str(jobs), "-p", "4", "cat"], jobs
    )


def consume_node(c):
    return consume_process(c, f"node {HERE}/noop.js")


def has_node():
    return shutil.which("node") is not None


def has_module(name):
    return (
        lambda: os.access(PYTHON, os.X_OK)
        and subprocess.run(
            [PYTHON, "-c", f"import {name}"], stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def has_amqplib():
    return has_node() and os.path.isdir(os.path.join(MODULES, "amqplib"))


def has_amqp_tools():
    return shutil.which("amqp-consume") is not None


# group -> case -> (what runs it, whether it is here)
PEERS = {
    "publish, confirmed": {
        "node amqplib": (amqplib_publish, has_amqplib),
        "python pika": (pika_publish, has_module("pika")),
        "Celery": (celery_publish, has_module("celery")),
    },
    "consume, no-op": {
        "node amqplib": (amqplib_consume, has_amqplib),
        "python pika": (pika_consume, has_module("pika")),
        "Celery": (celery_consume, has_module("celery")),
    },
    "a long-lived process": {"warren-worker, Node": (consume_node, has_node)},
    "a process per job": {"amqp-consume": (amqp_consume, has_amqp_tools)},
}


def add_to(groups):
    """The groups with those that are here, and the names of those that are not."""
    missing = set()
    for name, cases in PEERS.items():
        for case, (run, here) in cases.items():
            if here():
                groups.setdefault(name, {})[case] = run
            else:
                missing.add(case)
    return missing
