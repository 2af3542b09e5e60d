# SPDX-License-Identifier: Apache-2.0
"""The judge finds what it is there to find: each test takes a run in which all is well and spoils
one thing.
"""
import unittest
from collections import Counter

from checker import Bounds, Entry, Evidence, Letter, Life, Use, judge

Q = "warren.v1.q.numbers"


def entries(ident, word="ok", worker="w1.1", at=10.0, attempt=1):
    return [
        Entry("begin", ident, attempt, 7, worker, at, word),
        Entry("end", ident, attempt, 7, worker, at + 0.1, word),
    ]


def good_run():
    """Two jobs: one was done, one is dead as it should be."""
    return Evidence(
        lines=2,
        confirmed={"a": "ok", "b": "dead"},
        kinds={"a": "process", "b": "process"},
        record=entries("a") + entries("b", "dead"),
        letters=[Letter(Q + ".dead", "b", "rejected")],
        depths={Q: 0},
        lives=[Life("w1.1", None, "exit 0", True)],
        uses=[Use("w1.1", 10000, 30, 10100, 30)],
        faults=Counter({"reset": 1}),
        told_dead=1,
    )


class Judge(unittest.TestCase):
    def findings(self, e, **bounds):
        return judge(e, Bounds(jobs=2, faults=1, **bounds)).findings

    def assert_found(self, e, words, **bounds):
        findings = self.findings(e, **bounds)
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(words, findings[0])

    def test_a_good_run_passes(self):
        verdict = judge(good_run(), Bounds(jobs=2, faults=1))
        self.assertEqual(verdict.findings, [])
        self.assertTrue(verdict.passed)
        self.assertEqual(
            (verdict.figures["executed"], verdict.figures["dead"], verdict.figures["lost"]),
            (1, 1, 0),
        )

    def test_a_job_that_never_ran_is_lost(self):
        e = good_run()
        e.record = entries("b", "dead")
        self.assert_found(e, "1 confirmed jobs lost")
        self.assertEqual(judge(e, Bounds()).figures["lost"], 1)

    def test_a_job_that_only_began_is_lost(self):
        e = good_run()
        e.record = [x for x in e.record if (x.id, x.what) != ("a", "end")]
        self.assert_found(e, "lost")

    def test_a_job_whose_only_end_was_a_failure_is_lost(self):
        e = good_run()
        e.confirmed["a"] = "retry ok"
        e.record = entries("a", "retry") + entries("b", "dead")
        self.assert_found(e, "lost")

    def test_a_planned_death_without_its_letter_is_lost(self):
        e = good_run()
        e.letters, e.told_dead = [], 0
        self.assert_found(e, "lost")

    def test_a_job_left_in_its_queue_is_neither_executed_nor_explained(self):
        e = good_run()
        e.record = entries("b", "dead")
        e.letters.append(Letter(Q, "a", ""))
        self.assertEqual(len(self.findings(e)), 2)

    def test_a_line_without_receipt_in_the_end(self):
        e = good_run()
        e.unconfirmed = ["p1-1:5"]
        self.assert_found(e, "never confirmed")

    def test_an_unroutable_message(self):
        e = good_run()
        e.letters.append(Letter("warren.v1.unroutable", "a", ""))
        self.assert_found(e, "should be empty")

    def test_a_message_left_in_the_delay_ring(self):
        e = good_run()
        e.letters.append(Letter("warren.v1.delay.03", "a", ""))
        self.assert_found(e, "warren.v1.delay.03")

    def test_a_message_that_only_the_broker_s_count_shows(self):
        e = good_run()
        e.depths = {"warren.v1.delay.03": 1}
        self.assert_found(e, "warren.v1.delay.03 (1)")

    def test_a_run_of_a_job_that_nobody_published(self):
        e = good_run()
        e.record += entries("stranger")
        self.assert_found(e, "ids ran that nobody published")

    def test_a_dead_letter_that_nobody_published(self):
        e = good_run()
        e.letters.append(Letter(Q + ".dead", "stranger", "crashes"))
        e.told_dead = 2
        self.assert_found(e, "dead letters that nobody published")

    def test_a_dead_letter_without_a_reason(self):
        e = good_run()
        e.letters[0] = Letter(Q + ".dead", "b", "")
        self.assert_found(e, "without a good reason")

    def test_a_job_that_died_of_what_no_fault_explains(self):
        e = good_run()
        e.letters.append(Letter(Q + ".dead", "a", "rejected"))
        e.told_dead = 2
        self.assert_found(e, "a: rejected")

    def test_crashes_are_explained_by_the_faults(self):
        e = good_run()
        e.record = entries("b", "dead")
        e.letters.append(Letter(Q + ".dead", "a", "crashes"))
        e.told_dead = 2
        self.assertEqual(self.findings(e), [])

    def test_failures_are_explained_for_a_service_only(self):
        e = good_run()
        e.letters.append(Letter(Q + ".dead", "a", "failures"))
        e.told_dead = 2
        self.assert_found(e, "a: failures")
        e.kinds["a"] = "http"
        self.assertEqual(self.findings(e), [])

    def test_our_own_tool_tells_another_number_of_letters(self):
        e = good_run()
        e.told_dead = 0
        self.assert_found(e, "tells 0 letters")

    def test_a_handler_that_outlived_its_worker(self):
        e = good_run()
        e.lives[0] = Life("w1.1", 3.0, "exit -9", True)
        self.assertIn("outlived", self.findings(e)[0])

    def test_a_handler_that_ended_with_its_worker_is_fine(self):
        e = good_run()
        e.lives[0] = Life("w1.1", 12.0, "exit -9", True)
        self.assertEqual(self.findings(e), [])

    def test_a_leaked_process(self):
        e = good_run()
        e.leaked = ["handler.py (123) of w1.1"]
        self.assert_found(e, "ran on after their worker")

    def test_jobs_that_a_starting_broker_could_not_route(self):
        e = good_run()
        e.stranded = 1
        self.assert_found(e, "1 jobs found no queue")
        e.faults["broker-kill"] = 1
        self.assertEqual(self.findings(e), [])
        e.stranded = 33
        self.assert_found(e, "33 jobs found no queue")

    def test_a_worker_that_ended_by_itself(self):
        e = good_run()
        e.lives.append(Life("w2.1", None, "exit 70", False))
        self.assert_found(e, "w2.1 (exit 70)")

    def test_a_worker_that_grows(self):
        e = good_run()
        e.uses = [Use("w1.1", 10000, 30, 30000, 30)]
        self.assert_found(e, "has grown from 10000 to 30000")
        self.assertEqual(self.findings(e, judge_rss=False), [])

    def test_a_worker_that_leaks_descriptors(self):
        e = good_run()
        e.uses = [Use("w1.1", 10000, 30, 10000, 60)]
        self.assert_found(e, "60 descriptors")

    def test_nobody_lived_long_enough_to_be_measured(self):
        e = good_run()
        e.uses = []
        self.assert_found(e, "no worker lived long enough")

    def test_a_torn_line_of_the_record(self):
        e = good_run()
        e.torn = ["'begin a'"]
        self.assert_found(e, "cannot be read")

    def test_a_run_that_proves_too_little(self):
        self.assertEqual(len(judge(good_run(), Bounds(jobs=3, faults=2)).findings), 2)

    def test_duplicates_are_counted_and_are_no_finding(self):
        e = good_run()
        e.record += entries("a", worker="w1.1")
        verdict = judge(e, Bounds(jobs=2, faults=1))
        self.assertEqual((verdict.figures["duplicates"], verdict.findings), (1, []))


if __name__ == "__main__":
    unittest.main()
