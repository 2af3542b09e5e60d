#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pika_publish.py URL EXCHANGE KEY COUNT: what raw_publish.c does, with pika; confirms come while
it goes on publishing.
"""
import json
import sys
import time

import pika

WINDOW, BURST = 1000, 100


class Publisher:
    def __init__(self, url, exchange, key, count):
        self.exchange, self.key, self.count = exchange, key, count
        self.sent = self.confirmed = 0
        self.properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
        self.connection = pika.SelectConnection(
            pika.URLParameters(url), on_open_callback=self.on_open, on_close_callback=self.on_close
        )

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.on_confirm, callback=lambda _: self.publish())

    def on_confirm(self, frame):
        if not isinstance(frame.method, pika.spec.Basic.Ack):
            sys.exit("not confirmed")
        self.confirmed = frame.method.delivery_tag if frame.method.multiple else self.confirmed + 1
        if self.confirmed >= self.count:
            self.connection.close()
        else:
            self.publish()

    def publish(self):
        for _ in range(BURST):
            if self.sent >= self.count or self.sent - self.confirmed >= WINDOW:
                return
            job = {
                "id": f"bench-{self.sent:012}",
                "type": "bench",
                "args": {
                    "t": time.time_ns(),
                    "file": "",
                    "text": "a line of text, as many a job has one among its arguments",
                    "numbers": [1, 2.5, -300.0],
                    "yes": True,
                    "nothing": None,
                },
            }
            body = json.dumps(job, separators=(",", ":"))
            self.channel.basic_publish(self.exchange, self.key, body, self.properties)
            self.sent += 1

    def on_close(self, *_):
        self.connection.ioloop.stop()


if __name__ == "__main__":
    publisher = Publisher(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    publisher.connection.ioloop.start()
    sys.exit(publisher.confirmed < publisher.count)
