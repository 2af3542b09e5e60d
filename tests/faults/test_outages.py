# SPDX-License-Identifier: Apache-2.0
"""Standing still and coming late are measured from where they are somebody's fault."""
import unittest

from outages import Late, Outage, lateness, longest_gap

KILL = Outage("leader 1", 100.0, 100.0, 120.0)
MAJORITY = Outage("majority", 200.0, 210.0, 220.0)


class Gaps(unittest.TestCase):
    def test_the_longest_of_several_is_told_with_its_place(self):
        self.assertEqual(longest_gap([99.0, 101.0, 105.0, 106.0, 121.0, 140.0], KILL), (15.0, 6.0))

    def test_it_begins_with_the_death(self):
        self.assertEqual(longest_gap([90.0, 104.0, 104.5, 119.0, 119.5, 120.5], KILL), (14.5, 4.5))
        self.assertEqual(longest_gap([90.0, 119.0, 120.5], KILL), (19.0, 0.0))

    def test_or_with_the_return_of_a_majority(self):
        self.assertEqual(longest_gap([199.0, 211.0, 213.0, 221.0], MAJORITY), (8.0, 3.0))

    def test_a_gap_that_is_open_when_all_are_back_is_followed_to_its_end(self):
        self.assertEqual(longest_gap([101.0, 150.0], KILL), (49.0, 1.0))

    def test_no_job_at_all_is_the_longest_gap_there_is(self):
        self.assertEqual(longest_gap([50.0, 99.0], KILL), (float("inf"), 0.0))


class Coming(unittest.TestCase):
    def test_without_an_outage_it_counts_from_its_time(self):
        self.assertEqual(lateness("a", 50.0, 50.5, []), Late(0.5, 0.5, "a", False))
        self.assertEqual(lateness("a", 50.0, 50.5, [KILL]), Late(0.5, 0.5, "a", False))

    def test_a_death_after_its_time_is_where_it_counts_from(self):
        self.assertEqual(lateness("a", 98.0, 103.0, [KILL]), Late(5.0, 3.0, "a", False))

    def test_the_last_death_before_it_began_counts(self):
        later = Outage("leader 2", 110.0, 110.0, 130.0)
        self.assertEqual(lateness("a", 98.0, 112.0, [KILL, later]), Late(14.0, 2.0, "a", False))

    def test_what_falls_into_a_lost_majority_is_excused(self):
        self.assertTrue(lateness("a", 205.0, 216.0, [MAJORITY]).excused)
        self.assertTrue(lateness("a", 195.0, 216.0, [MAJORITY]).excused)

    def test_what_was_over_before_or_due_after_it_is_not(self):
        self.assertFalse(lateness("a", 195.0, 196.0, [MAJORITY]).excused)
        self.assertFalse(lateness("a", 225.0, 260.0, [MAJORITY]).excused)


if __name__ == "__main__":
    unittest.main()
