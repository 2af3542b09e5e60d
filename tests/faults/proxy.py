# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that misbehaves on request: one Proxy stands between one client and one broker node,
for all its connections.

Everything runs in one event loop on a thread of its own (Loop). The methods of Proxy may be called
from any thread.
"""
import asyncio
import random
import socket
import struct
import threading

CHUNK = 65536
UP, DOWN = 0, 1  # to the broker, to the client


class Loop:
    """The event loop of all proxies."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine):
        """Runs it there and returns its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Frames:
    """Follows AMQP frames through a stream, to know which positions are inside one."""

    HEADER, END = 7, 1

    def __init__(self, skip):
        self.head = b""
        self.skip = skip  # bytes up to the next frame's header

    def feed(self, data):
        """Positions in data, at most one per frame, before which a cut leaves the reader with a
        part of a frame.
        """
        inside, at = [], 0
        while at < len(data):
            step = min(self.skip, len(data) - at)
            if step > 1:
                inside.append(at + step // 2)
            self.skip -= step
            at += step
            if self.skip == 0 and at < len(data):
                take = data[at : at + self.HEADER - len(self.head)]
                self.head += take
                at += len(take)
                if len(self.head) == self.HEADER:
                    self.skip = struct.unpack(">I", self.head[3:7])[0] + self.END
                    self.head = b""
        return inside


class Connection:
    def __init__(self, proxy, client, broker):
        self.proxy = proxy
        self.ends = (client, broker)
        self.frames = (Frames(8), Frames(0))  # a client begins with 8 bytes, "AMQP" and the version
        self.cut = None  # direction in which the next frame is to be cut in two
        self.muted = False  # what comes is thrown away
        self.tasks = [asyncio.ensure_future(self.pump(d)) for d in (UP, DOWN)]
        self.closed = [False, False]

    async def pump(self, direction):
        source, sink = self.ends[direction], self.ends[1 - direction]
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(source, CHUNK):
                await self.proxy.impede(len(data))
                inside = self.frames[direction].feed(data)
                if self.muted or self.proxy.black:
                    self.muted = True
                    continue
                if self.cut == direction and inside:
                    await loop.sock_sendall(sink, data[: random.choice(inside)])
                    self.proxy.cuts += 1
                    break
                await loop.sock_sendall(sink, data)
                self.proxy.bytes += len(data)
        except (OSError, asyncio.CancelledError):
            pass
        if not self.muted or any(self.closed):
            self.end()

    def close_end(self, which, abruptly):
        """abruptly: that side gets a RST."""
        if self.closed[which]:
            return
        self.closed[which] = True
        end, loop = self.ends[which], asyncio.get_running_loop()
        loop.remove_reader(end.fileno())  # its number may be another connection's in a moment
        loop.remove_writer(end.fileno())
        if abruptly:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    def half_open(self, alive):
        """One side ends; the other, `alive`, keeps a connection into which it may write for ever.
        """
        self.muted = True
        self.close_end(1 - alive, abruptly=True)

    def end(self, abruptly=False):
        if self not in self.proxy.connections:
            return
        self.proxy.connections.remove(self)
        for task in self.tasks:
            task.cancel()
        for which in (0, 1):
            self.close_end(which, abruptly)


class Proxy:
    def __init__(self, loop, name, broker_port):
        self.loop, self.name, self.broker_port = loop, name, broker_port
        self.connections = []
        self.open = asyncio.Event()
        self.black = self.refusing = False
        self.delay, self.rate = 0.0, 0
        self.bytes = self.cuts = self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.loop.call(self._start())

    async def _start(self):
        self.open.set()
        self.acceptor = asyncio.ensure_future(self._accept())

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self.listener)
            self.accepted += 1
            asyncio.ensure_future(self._join(client))

    async def _join(self, client):
        broker = socket.socket()
        try:
            for end in (client, broker):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.refusing:
                raise ConnectionError
            await asyncio.get_running_loop().sock_connect(broker, ("127.0.0.1", self.broker_port))
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            broker.close()
            return
        self.connections.append(Connection(self, client, broker))

    async def impede(self, size):
        """Holds up `size` bytes for as long as the present trouble says."""
        await self.open.wait()
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.rate:
            await asyncio.sleep(size / self.rate)

    # What can be asked for. Each returns how many connections it struck.

    def reset(self, pick=None):
        """RST to both sides of one connection (pick in [0, 1)) or of all."""
        return self.loop.call(self._each(pick, lambda c: c.end(abruptly=True)))

    def cut(self, pick, direction):
        """The next frame of a connection in that direction is sent in part, then the connection
        ends.
        """
        return self.loop.call(self._each(pick, lambda c: setattr(c, "cut", direction)))

    def half_open(self, pick, alive):
        """UP: the client's side ends and the broker hears nothing of it; DOWN: the other way round.
        """
        return self.loop.call(self._each(pick, lambda c: c.half_open(1 - alive)))

    def count(self):
        return len(self.connections)

    def hold(self, on):
        self.loop.call(self._set(lambda: self.open.clear() if on else self.open.set()))

    def impair(self, delay=0.0, rate=0):
        self.delay, self.rate = delay, rate

    def black_hole(self, on):
        """Connections are accepted, and everything disappears. Afterwards those that have lost
        something are reset.
        """
        self.black = on
        if not on:
            self.loop.call(self._end_muted())

    def refuse(self, on):
        self.refusing = on
        return self.reset() if on else 0

    def calm(self):
        """No trouble any more."""
        self.refusing = False
        self.impair()
        self.hold(False)
        self.black_hole(False)

    def stop(self):
        self.loop.call(self._stop())

    async def _set(self, change):
        change()

    async def _each(self, pick, strike):
        chosen = list(self.connections)
        if pick is not None and chosen:
            chosen = [chosen[int(pick * len(chosen))]]
        for connection in chosen:
            strike(connection)
        return len(chosen)

    async def _end_muted(self):
        for connection in [c for c in self.connections if c.muted and not any(c.closed)]:
            connection.end(abruptly=True)

    async def _stop(self):
        asyncio.get_running_loop().remove_reader(self.listener.fileno())
        self.acceptor.cancel()
        for connection in list(self.connections):
            connection.end(abruptly=True)
        self.listener.close()
        await asyncio.sleep(0)  # the cancelled ones end
