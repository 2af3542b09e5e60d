# SPDX-License-Identifier: Apache-2.0
"""The schedule and the load are the same for the same seed, and have in them what they promise."""
import json
import unittest

import jobs
import schedule


class Schedule(unittest.TestCase):
    def test_the_same_seed_gives_the_same_faults(self):
        self.assertEqual(schedule.plan(7, 130, 68), schedule.plan(7, 130, 68))

    def test_another_seed_gives_others(self):
        self.assertNotEqual(schedule.plan(7, 130, 68), schedule.plan(8, 130, 68))

    def test_as_many_as_asked_for_in_order_and_in_time(self):
        for count in (1, 21, 68, 200):
            plan = schedule.plan(3, 130, count)
            self.assertEqual(len(plan), count)
            self.assertEqual([f.at for f in plan], sorted(f.at for f in plan))
            self.assertTrue(all(0 <= f.at <= 130 for f in plan))

    def test_every_kind_is_met_also_in_a_short_run(self):
        for seed in range(50):
            self.assertEqual({f.kind for f in schedule.plan(seed, 130, 60)}, set(schedule.KINDS))

    def test_heavy_faults_have_a_stretch_of_time_each(self):
        for seed in range(50):
            heavy = [f.at for f in schedule.plan(seed, 120, 68) if f.kind in schedule.HEAVY]
            stretch = 120 / len(heavy)
            self.assertEqual([int(at // stretch) for at in heavy], list(range(len(heavy))))

    def test_durations_are_within_their_bounds(self):
        for fault in schedule.plan(5, 3600, 2000):
            _, shortest, longest = schedule.KINDS[fault.kind]
            self.assertTrue(shortest <= fault.seconds <= longest)


class Load(unittest.TestCase):
    def test_the_same_seed_gives_the_same_files(self):
        self.assertEqual(list(jobs.chunks(1, "p1", 3000)), list(jobs.chunks(1, "p1", 3000)))

    def test_another_producer_has_others(self):
        self.assertNotEqual(list(jobs.chunks(1, "p1", 3000)), list(jobs.chunks(1, "p2", 3000)))

    def test_the_number_of_jobs_is_the_one_asked_for(self):
        for total in (1, 499, 500, 7334):
            self.assertEqual(sum(len(c.plans) for c in jobs.chunks(1, "p1", total)), total)

    def test_lines_are_json_and_ids_are_never_given_twice(self):
        ids = []
        for chunk in jobs.chunks(1, "p1", 5000):
            lines = [json.loads(jobs.line_of(chunk, n)) for n in range(len(chunk.plans))]
            ids += [line["id"] for line in lines if chunk.documents]
        self.assertTrue(ids)
        self.assertEqual(len(ids), len(set(ids)))

    def test_all_kinds_and_all_words_are_met(self):
        chunks = list(jobs.chunks(1, "p1", 40000))
        self.assertEqual({c.kind for c in chunks}, set(jobs.QUEUES))
        words = {w for c in chunks for plan in c.plans for w in plan.split()}
        self.assertEqual(words, {"ok", "slow", "retry", "exit", "dead", "crash", "hang"})

    def test_a_word_for_each_attempt_and_the_last_one_for_all_further_ones(self):
        self.assertEqual(
            [jobs.word_of("retry crash ok", n) for n in (1, 2, 3, 4)],
            ["retry", "crash", "ok", "ok"],
        )

    def test_what_a_plan_comes_to(self):
        ends = {
            plan: jobs.end_of(plan)
            for plan in ("ok", "slow", "retry ok", "dead", "crash", "retry", "hang")
        }
        self.assertEqual(
            list(ends.values()),
            ["done", "done", "done", "rejected", "crashes", "failures", "timeouts"],
        )


if __name__ == "__main__":
    unittest.main()
