# SPDX-License-Identifier: Apache-2.0
"""Every kind of fault can be injected, targets are chosen by the schedule, and outages do not use
the schedule's time up.
"""
import unittest

import inject
import schedule


class Injecting(unittest.TestCase):
    def test_there_is_a_function_for_every_kind(self):
        for kind in schedule.KINDS:
            self.assertTrue(
                callable(getattr(inject.Injector, "_" + kind.replace("-", "_"), None)), kind
            )

    def test_the_pick_says_which_target(self):
        fault = schedule.Fault(1, 0.0, "reset", 0, 0.0, 0.5)
        targets = ["a", "b", "c"]
        chosen = [inject.choose(fault._replace(pick=pick), targets) for pick in (0.0, 0.34, 0.999)]
        self.assertEqual(chosen, targets)

    def test_without_a_target_it_is_put_off(self):
        with self.assertRaises(inject.NotNow):
            inject.choose(schedule.Fault(1, 0.0, "reset", 0, 0.5, 0.5), [])


class Clock(unittest.TestCase):
    def setUp(self):
        self.now, self.away = 100.0, False
        self.clock = inject.Clock(lambda: self.away, lambda: self.now)

    def after(self, seconds):
        """Read once a second, as the injector does it more often still."""
        for _ in range(seconds):
            self.now += 1
            self.clock.read()
        return self.clock.read()

    def test_it_goes_with_the_time(self):
        self.assertEqual(self.after(20), 20)

    def test_it_stands_still_in_a_long_outage_and_goes_on_afterwards(self):
        self.away = True
        self.assertEqual(self.after(60), inject.OUTAGE_COUNTS_S)
        self.away = False
        self.assertEqual(self.after(7), inject.OUTAGE_COUNTS_S + 7)

    def test_each_outage_counts_anew(self):
        for _ in range(2):
            self.away = True
            self.after(60)
            self.away = False
            self.after(1)
        self.assertEqual(self.clock.read(), 2 * (inject.OUTAGE_COUNTS_S + 1))


if __name__ == "__main__":
    unittest.main()
