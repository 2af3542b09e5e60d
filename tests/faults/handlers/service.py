#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP service that records what it does and does what its job's words say: service.py SOCKET.
No worker owns it.
"""
import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler

record = os.open(os.environ["CHAOS_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
ANSWERS = {"retry": 503, "dead": 422}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def note(self, what, word):
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        ident, attempt = self.headers["Job-Id"], self.headers["Job-Attempt"]
        os.write(record, f"{what} {ident} {attempt} {os.getpid()} - {now:.3f} {word}\n".encode())

    def do_POST(self):
        words = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).split()
        word = words[min(int(self.headers["Job-Attempt"]), len(words)) - 1]
        self.note("begin", word)
        if word == "slow":
            time.sleep(0.05)
        self.note("end", word)
        self.send_response(ANSWERS.get(word, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])  # of the one that was killed
Server(sys.argv[1], Handler).serve_forever()
