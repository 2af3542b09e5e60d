# SPDX-License-Identifier: Apache-2.0
"""The proxy does to real sockets what it says."""
import socket
import struct
import unittest

import proxy

WAIT_S = 20  # what must come
NOTHING_S = 0.3  # what must not come is awaited so long


def frame(payload, kind=1):
    return struct.pack(">BHI", kind, 1, len(payload)) + payload + b"\xce"


class Frames(unittest.TestCase):
    def test_positions_are_inside_of_frames(self):
        stream = b"AMQP\x00\x00\x09\x01" + frame(b"hello") + frame(b"x" * 100) + frame(b"")
        bounds = {0, 8, 8 + 13, 8 + 13 + 108, len(stream)}
        for step in (1, 2, 3, 7, 11, len(stream)):
            frames, at = proxy.Frames(8), 0
            for start in range(0, len(stream), step):
                chunk = stream[start : start + step]
                for position in frames.feed(chunk):
                    self.assertNotIn(start + position, bounds)
                at += len(chunk)
            self.assertEqual((frames.skip, frames.head), (0, b""), f"in steps of {step}")

    def test_a_whole_frame_can_be_cut(self):
        self.assertEqual(len(proxy.Frames(0).feed(frame(b"hello") + frame(b"again"))), 2)


class Proxied(unittest.TestCase):
    """A client and a broker, both of them sockets of this test."""

    @classmethod
    def setUpClass(cls):
        cls.loop = proxy.Loop()

    @classmethod
    def tearDownClass(cls):
        cls.loop.stop()

    def setUp(self):
        self.broker = socket.create_server(("127.0.0.1", 0))
        self.broker.settimeout(WAIT_S)
        self.proxy = proxy.Proxy(self.loop, "p", self.broker.getsockname()[1])
        self.client, self.served = self.connect()

    def tearDown(self):
        self.proxy.stop()
        for s in (self.broker, self.client, self.served):
            s.close()

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), WAIT_S)
        served, _ = self.broker.accept()
        served.settimeout(WAIT_S)
        client.sendall(b"AMQP\x00\x00\x09\x01")
        self.assertEqual(self.take(served, 8), b"AMQP\x00\x00\x09\x01")
        return client, served

    def take(self, s, count):
        data = b""
        while len(data) < count and (part := s.recv(count - len(data))):
            data += part
        return data

    def assert_silent(self, s):
        s.settimeout(NOTHING_S)
        with self.assertRaises(TimeoutError):
            s.recv(1)
        s.settimeout(WAIT_S)

    def test_bytes_pass_both_ways(self):
        for source, sink in ((self.client, self.served), (self.served, self.client)):
            source.sendall(frame(b"x" * 100000))
            self.assertEqual(self.take(sink, 100008), frame(b"x" * 100000))

    def test_an_end_is_passed_on(self):
        self.client.close()
        self.assertEqual(self.served.recv(1), b"")

    def test_a_reset_strikes_both_sides(self):
        self.assertEqual(self.proxy.reset(0.5), 1)
        for s in (self.client, self.served):
            with self.assertRaises(ConnectionResetError):
                s.recv(1)

    def test_a_frame_is_cut_in_two(self):
        for direction in (proxy.UP, proxy.DOWN):
            source, sink = (
                (self.client, self.served) if direction == proxy.UP else (self.served, self.client)
            )
            self.assertEqual(self.proxy.cut(0.5, direction), 1)
            source.sendall(frame(b"x" * 50))
            got = self.take(sink, 58)
            self.assertTrue(0 < len(got) < 58, len(got))
            self.assertEqual(sink.recv(1), b"")
            self.client.close()
            self.served.close()
            self.client, self.served = self.connect()
        self.assertEqual(self.proxy.cuts, 2)

    def test_half_open_the_broker_ends_and_the_client_hears_nothing(self):
        self.proxy.half_open(0.5, proxy.DOWN)
        with self.assertRaises(ConnectionResetError):
            self.served.recv(1)
        self.client.sendall(frame(b"into the void"))
        self.assert_silent(self.client)

    def test_half_open_the_client_ends_and_the_broker_hears_nothing(self):
        self.proxy.half_open(0.5, proxy.UP)
        with self.assertRaises(ConnectionResetError):
            self.client.recv(1)
        self.assert_silent(self.served)

    def test_a_black_hole_swallows_and_ends_in_a_reset(self):
        self.proxy.black_hole(True)
        self.client.sendall(frame(b"lost"))
        self.assert_silent(self.served)
        self.proxy.black_hole(False)
        with self.assertRaises(ConnectionResetError):
            self.client.recv(1)

    def test_what_was_held_passes_afterwards(self):
        self.proxy.hold(True)
        self.client.sendall(b"held")
        self.assert_silent(self.served)
        self.proxy.hold(False)
        self.assertEqual(self.take(self.served, 4), b"held")

    def test_slow_but_whole(self):
        self.proxy.impair(delay=0.01, rate=100000)
        self.client.sendall(b"x" * 20000)
        self.assertEqual(self.take(self.served, 20000), b"x" * 20000)

    def test_a_refused_connection_is_reset(self):
        self.proxy.refuse(True)
        with self.assertRaises(ConnectionResetError), socket.create_connection(
            ("127.0.0.1", self.proxy.port), WAIT_S
        ) as s:
            s.recv(1)
        self.proxy.refuse(False)
        for s in self.connect():
            s.close()


if __name__ == "__main__":
    unittest.main()
