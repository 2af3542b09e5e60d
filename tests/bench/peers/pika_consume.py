#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pika_consume.py URL QUEUE COUNT ACK_EVERY PREFETCH: what raw_consume.c does, with pika, and the
job parsed.
"""
import json
import sys

import pika

url, queue = sys.argv[1:3]
count, every, prefetch = map(int, sys.argv[3:6])
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.basic_qos(prefetch_count=prefetch)
for n, (method, _, body) in enumerate(channel.consume(queue), 1):
    json.loads(body)
    if n % every == 0 or n == count:
        channel.basic_ack(method.delivery_tag, multiple=True)
    if n == count:
        break
connection.close()
