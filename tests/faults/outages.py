# SPDX-License-Identifier: Apache-2.0
"""What outages cost in time, from when they were and when jobs began. Pure."""
import bisect
from collections import namedtuple

# When nodes died, when queues had a majority again (for one node: at once), when all were back. All
# on one clock.
Outage = namedtuple("Outage", "what died majority whole")
# whole: seconds after its time; seconds: after its time or a later death; excused: it had to wait
# for a majority.
Late = namedtuple("Late", "whole seconds id excused")


def longest_gap(begins, outage):
    """(the longest time without a job that began, how long after the outage that gap begins).
    begins: in order.
    """
    since = outage.majority
    moments = [
        since,
        *begins[bisect.bisect_left(begins, since) : bisect.bisect_right(begins, outage.whole) + 1],
    ]
    gaps = [(after - before, before - since) for before, after in zip(moments, moments[1:])]
    return max(gaps, default=(float("inf"), 0.0))


def lateness(ident, due, at, outages):
    """Of a job that was to begin at `due` and began at `at`."""
    since = max([due] + [o.died for o in outages if o.died < at])
    excused = any(o.what == "majority" and o.died - 1 < at and due < o.whole for o in outages)
    return Late(at - due, at - since, ident, excused)
