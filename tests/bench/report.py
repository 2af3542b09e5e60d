# SPDX-License-Identifier: Apache-2.0
"""Medians of several repetitions, as a table and as JSON."""
import statistics


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summary(measures):
    figures = {
        "jobs": measures[0].jobs,
        "rate": spread([m.jobs / m.seconds for m in measures]),
        "cpu_us": spread([m.cpu_us for m in measures]),
        "broker_us": spread([m.broker_us for m in measures]),
        "rss_kib": spread([m.rss_kib for m in measures]),
    }
    for name in measures[0].details:
        figures[name] = spread([m.details[name] for m in measures])
    return figures


def group_table(name, results):
    """results: case -> summary; the first is what the ratios are of."""
    details = [key for key in next(iter(results.values())) if key.endswith(("_ms", "pss_kib"))]
    more = list(
        {
            key: 0
            for s in results.values()
            for key in s
            if key.startswith(("late_", "machine_", "handler_"))
        }
    )
    rows = [
        [
            name,
            *(
                details
                if details
                else ["jobs/s", "(min to max)", "x", "CPU us", "(min to max)", "x", "broker us"]
            ),
            *more,
            "RSS KiB",
        ]
    ]
    first = None
    for case, s in results.items():
        first = first or s
        rows.append(
            [
                case,
                *([figure(s[d], first[d]) for d in details] if details else rate_cells(s, first)),
                *(f"{s[key]['median']:.2f}" if key in s else "" for key in more),
                f"{s['rss_kib']['median']:.0f}",
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths))
        )
        for row in rows
    ]


def figure(value, first):
    ratio = value["median"] / first["median"]
    return f"{value['median']:.2f} ({value['min']:.2f} to {value['max']:.2f}) x {ratio:.2f}"


def rate_cells(s, first):
    rate, cpu = s["rate"], s["cpu_us"]
    return [
        f"{rate['median']:.0f}",
        f"({rate['min']:.0f} to {rate['max']:.0f})",
        f"{rate['median'] / first['rate']['median']:.2f}",
        f"{cpu['median']:.1f}",
        f"({cpu['min']:.1f} to {cpu['max']:.1f})",
        f"{cpu['median'] / first['cpu_us']['median']:.2f}",
        f"{s['broker_us']['median']:.1f}",
    ]
