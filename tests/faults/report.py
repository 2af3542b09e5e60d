# SPDX-License-Identifier: Apache-2.0
"""The figures of a run as a table for people."""


def table(figures):
    rows = [
        ("jobs published", figures["published"], "lines of input"),
        ("confirmed", figures["confirmed"], "receipts of the producers"),
        (
            "executed",
            figures["executed"],
            "jobs that ran to their end, by the handlers' own record",
        ),
        ("runs", figures["runs"], "with retries, crashes and repetitions"),
        ("duplicates", figures["duplicates"], "ends beyond the first of a job"),
        (
            "dead",
            figures["dead"],
            f"{figures['dead_letters']} letters: {_counts(figures['dead_by_reason'])}",
        ),
        (
            "done and dead",
            figures["done_and_dead"],
            "of these: one copy ran to its end, another died",
        ),
        (
            "stranded",
            figures["stranded"],
            "unroutable while the broker started; sent on by 'dead replay --unroutable'",
        ),
        ("left in queues", figures["left_in_queues"], "dead letters apart"),
        ("lost", figures["lost"], ""),
        ("faults injected", figures["faults"], ""),
        *(("  " + kind, n, "") for kind, n in figures["faults_by_kind"].items()),
        ("faults without a target", sum(figures["missed"].values()), _counts(figures["missed"])),
        ("lives of workers", figures["worker_lives"], f"of {figures['workers']} workers"),
        (
            "runs of producers",
            figures["producer_runs"],
            f"{figures['producer_resumes']} to go on where one had stopped",
        ),
        (
            "longest outliving",
            f"{figures['longest_outliving_s']} s",
            "handlers after their worker's SIGKILL",
        ),
        *(_use(u) for u in figures["uses"]),
        ("time", f"{figures['seconds']:.0f} s", ""),
    ]
    return "\n".join(
        f"  {name:<26} {str(value):>12}  {remark}".rstrip() for name, value, remark in rows
    )


def _use(u):
    remark = f"{u.rss_kib} in the first quarter; descriptors {u.fds_end}, {u.fds}"
    return f"memory of {u.name}", f"{u.rss_kib_end} KiB", remark


def _counts(counts):
    return ", ".join(f"{name} {n}" for name, n in counts.items())
