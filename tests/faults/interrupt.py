#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in the middle of chaos.py: it ends soon, with the exit code of a Ctrl-C, and leaves
nothing: interrupt.py BUILD.
"""
import os
import signal
import subprocess
import sys
import tempfile

import processes

HERE = os.path.dirname(os.path.abspath(__file__))
MOMENT = "fault 5:"  # faults are under way, and others are still to be undone
ENDS_WITHIN_S = 180


def main():
    with tempfile.TemporaryDirectory(prefix="warren-interrupt.") as folder:
        problem = interrupt(os.path.abspath(sys.argv[1]), folder)
        left = [f"{processes.command(pid)} ({pid})" for pid in processes.marked(folder)]
        processes.end_all(folder)
        files = os.listdir(folder)
    for what, found in (
        ("", problem),
        ("still running: ", ", ".join(left)),
        ("left behind: ", ", ".join(files)),
    ):
        if found:
            print(f"interrupt.py: {what}{found}")
    return 1 if problem or left or files else 0


def interrupt(build, folder):
    """What was wrong, or nothing."""
    # A shell that starts a script in the background has it, and all that it starts, ignore SIGINT.
    chaos = ["env", "--default-signal=INT", os.path.join(HERE, "chaos.py")]
    words = [*chaos, "--build", build, "--seed", "1", "--duration", "30s", "--faults", "60"]
    run = subprocess.Popen(
        words,
        env={**os.environ, "TMPDIR": folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = []
    for line in run.stdout:
        said.append(line)
        if MOMENT in line:
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does it
            break
    try:
        said.append(run.communicate(timeout=ENDS_WITHIN_S)[0])
    except subprocess.TimeoutExpired:
        return "it did not end"
    return "" if run.returncode == 130 else f"exit code {run.returncode}:\n{''.join(said)}"


if __name__ == "__main__":
    sys.exit(main())
