# SPDX-License-Identifier: Apache-2.0
"""Processes as /proc shows them: found by what is in their environment, which no child of theirs
loses by accident.
"""
import os
import signal
import time


def marked(mark):
    """Returns the pids, sorted, of all other processes that were started with the text somewhere in
    their environment.
    """
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid() and carries(int(name), mark):
            found.append(int(name))
    return sorted(found)


MID_EXEC_S = 0.2


def carries(pid, mark):
    """Returns True if the process has the text in its environment.

    During execve an environment reads as empty for a moment, also after vfork has let the parent go
    on. Nearly every child of subprocess.Popen shows that when it is looked at at once. So an empty
    environment is read again for MID_EXEC_S.
    """
    until = time.monotonic() + MID_EXEC_S
    try:
        while True:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environment = f.read()
            if environment or time.monotonic() > until:
                return mark.encode() in environment
            os.readlink(f"/proc/{pid}/exe")  # a zombie and a thread of the kernel have none
            time.sleep(0.001)
    except OSError:  # it has ended, or is another user's
        return False


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace").strip()[:80]
    except OSError:
        return ""


def children(pid):
    """Direct ones."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as f:
                found += [int(p) for p in f.read().split()]
    except OSError:
        pass
    return sorted(found)


def send_signal(pid, number, mark):
    """Sends the signal only if pid still is the process with that mark. Returns False if it is
    gone.
    """
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not carries(pid, mark):
            return False
        signal.pidfd_send_signal(fd, number)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def rss_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return next((int(line.split()[1]) for line in f if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


def fd_count(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def await_none(mark, seconds):
    """Waits until no process carries the mark; returns those that still do at the end."""
    until = time.monotonic() + seconds
    while left := marked(mark):
        if time.monotonic() > until:
            return [f"{command(pid)} ({pid})" for pid in left]
        time.sleep(0.05)
    return []


def end_all(mark):
    """Kills them; returns what they were."""
    ended = [(command(pid), send_signal(pid, signal.SIGKILL, mark)) for pid in marked(mark)]
    return [name for name, was in ended if was]
