# SPDX-License-Identifier: Apache-2.0
"""Records, receipts and letters are read as they are written, and processes are found by their
environment.
"""
import os
import signal
import subprocess
import tempfile
import unittest

import evidence
import processes
import producers
from checker import Entry, Letter, Use


class Reading(unittest.TestCase):
    def write(self, text):
        path = os.path.join(tempfile.mkdtemp(), "file")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def test_a_record_and_its_torn_end(self):
        path = self.write("begin a 1 77 w1.1 12.34 ok\nend a 1 77 w1.1 12.35 ok\nbegin b 1 7")
        entries, torn = evidence.read_record(path)
        self.assertEqual(entries[0], Entry("begin", "a", 1, 77, "w1.1", 12.34, "ok"))
        self.assertEqual((len(entries), len(torn)), (2, 1))

    def test_only_confirmed_lines_count_as_receipts(self):
        path = self.write(
            '{"batch":"x"}\n'
            '{"n":1,"id":"a","state":"confirmed"}\n{"n":2,"id":"b","state":"timed_out"}\n'
            '{"n":3,"id":"c","sta'
        )
        self.assertEqual(producers.read_receipts(path), {1: "a"})

    def test_a_letter_s_reason_is_in_its_box(self):
        properties = {"message_id": "a", "headers": {"warren-box": '{"reason":"crashes"}'}}
        self.assertEqual(
            evidence.letter_of("q.dead", properties, ""), Letter("q.dead", "a", "crashes")
        )

    def test_a_letter_of_the_broker_s_own_has_its_reason(self):
        properties = {"headers": {"x-first-death-reason": "delivery_limit"}}
        self.assertEqual(
            evidence.letter_of("q.dead", properties, '{"id":"a"}'),
            Letter("q.dead", "a", "delivery_limit"),
        )

    def test_a_letter_without_headers_has_no_reason(self):
        self.assertEqual(evidence.letter_of("q", {"headers": []}, "x"), Letter("q", "?", ""))


class Place:
    """Where a worker runs, as Samples sees it."""

    def __init__(self, name):
        self.name, self.number, self.used = name, 1, (0, 0)

    @property
    def life(self):
        return f"{self.name}.{self.number}"

    def running(self):
        return True

    def use(self):
        return self.used


class Sampling(unittest.TestCase):
    def setUp(self):
        self.place = Place("w1")
        self.samples = evidence.Samples([])
        self.samples.stop()
        self.samples.workers = [self.place]

    def take(self, rss_kib, fds):
        self.place.used = (rss_kib, fds)
        self.samples.take()

    def test_a_life_seen_before_its_handlers_began_is_held_against_what_its_worker_needs(self):
        self.take(9000, 33)
        self.place.number = 2
        self.take(7000, 16)
        self.samples.quarter_over = True
        self.take(8900, 34)
        self.assertEqual(self.samples.uses(), [Use("w1.2", 9000, 33, 8900, 34)])

    def test_a_life_that_began_later_is_not_judged(self):
        self.take(9000, 33)
        self.samples.quarter_over = True
        self.place.number = 2
        self.take(8900, 34)
        self.assertEqual(self.samples.uses(), [])

    def test_a_worker_that_ends_in_between_is_no_sample(self):
        self.take(9000, 33)
        self.take(0, 0)
        self.assertEqual(self.samples.uses(), [Use("w1.1", 9000, 33, 9000, 33)])


class Processes(unittest.TestCase):
    MARK = f"CHAOS_TEST={os.getpid()}\0"

    def start(self):
        environment = {**os.environ, "CHAOS_TEST": str(os.getpid())}
        return subprocess.Popen(["sleep", "300"], env=environment)

    def test_a_marked_process_is_found_and_only_that_is_hit(self):
        process = self.start()
        try:
            self.assertEqual(processes.marked(self.MARK), [process.pid])
            self.assertFalse(
                processes.send_signal(process.pid, signal.SIGKILL, "CHAOS_TEST=another\0")
            )
            self.assertIsNone(process.poll())
            self.assertEqual(processes.await_none(self.MARK, 0), [f"sleep 300 ({process.pid})"])
            self.assertEqual(processes.end_all(self.MARK), ["sleep 300"])
        finally:
            process.kill()
            process.wait()
        self.assertEqual(processes.await_none(self.MARK, 0), [])


if __name__ == "__main__":
    unittest.main()
