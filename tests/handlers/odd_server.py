#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP service that behaves as its path says. odd_server.py PORT-FILE [UNIX-SOCKET | CERT KEY]
"""
import os
import socket
import ssl
import struct
import sys
import threading
import time

listener = socket.create_server(("127.0.0.1", 0), backlog=64)


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        part = conn.recv(65536)
        if not part:
            return None, None, None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    while len(body) < int(headers.get("Content-Length", 0)):
        body += conn.recv(65536)
    return lines[0].split(" ")[1], headers, body


def answer(conn, status, body=b"", more=""):
    conn.sendall(
        f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body
    )


def behave(conn, path, headers, body):
    if path.startswith("/status/"):
        answer(
            conn,
            path.split("/")[2],
            b"what the service says\nmore",
            "Retry-After: 1\r\n" if path.endswith("/after") else "",
        )
    elif path == "/silent":
        time.sleep(300)
    elif path == "/slow":
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
            conn.sendall(bytes([byte]))
            time.sleep(0.05)
    elif path == "/endless":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1000):
            conn.sendall(b"x" * 1000000)
    elif path == "/reset":
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    elif path == "/redirect":
        answer(conn, 302, b"", "Location: /echo\r\n")
    elif path == "/nonsense":
        conn.sendall(b"\x00\xff this is no HTTP\r\n\r\n")
        return False
    else:
        text = "".join(f"{k}: {v}\n" for k, v in sorted(headers.items())).encode()
        answer(conn, 200, body if path == "/echo" else text)
    return True


def serve(conn):
    if listener.family == socket.AF_INET:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            path, headers, body = read_request(conn)
            if path is None or not behave(conn, path, headers, body):
                break
    except OSError:
        pass
    conn.close()


if len(sys.argv) == 3:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[2])
    listener.listen(64)
elif len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    listener = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
with open(sys.argv[1] + ".new", "w", encoding="utf-8") as f:
    f.write(f"{listener.getsockname()[1]}\n" if listener.family == socket.AF_INET else "unix\n")
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
