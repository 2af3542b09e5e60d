# SPDX-License-Identifier: Apache-2.0
"""Celery's part: an app with a job that does nothing. `python3 celery_app.py COUNT` publishes; a
worker ends after BENCH_COUNT jobs.
"""
import os
import signal
import sys
import time

from celery import Celery

app = Celery("celery_app", broker=os.environ["AMQP_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=100,
    task_default_queue="bench-celery",
    broker_transport_options={"confirm_publish": True},
    task_store_errors_even_if_ignored=False,
)
done = 0


@app.task(name="bench")
def bench(**_):
    global done
    done += 1
    if done == int(os.environ.get("BENCH_COUNT", "0")):
        os.kill(
            os.getpid(), signal.SIGTERM
        )  # a warm shutdown: what is acknowledged late is acknowledged first


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        bench.apply_async(
            kwargs={
                "t": time.time_ns(),
                "file": "",
                "text": "a line of text, as many a job has one among its arguments",
                "numbers": [1, 2.5, -300.0],
                "yes": True,
                "nothing": None,
            }
        )
