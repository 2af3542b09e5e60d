#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands of a README, and what they must print.

    readme-blocks.py script README.md            prints the commands of all blocks, in order, for bash
    readme-blocks.py compare README.md FOLDER    compares what they printed with what the README shows

A block marked sh has commands alone. A block marked console is a session: "$ " begins a command, "> " goes on with it, and
all other lines are its output. The script writes the sessions to $sessions/1, $sessions/2 and so on; FOLDER is that folder.
What differs from run to run (ids, times, durations, memory) is compared as a word that says what it is. The lines of one
command may come in any order: stdout is buffered when it is no terminal, so stderr overtakes it.
"""
import difflib
import pathlib
import re
import shlex
import sys

VOLATILE = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"h-[0-9a-f]{32}", "HASH"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\d+ (ms|KiB)\b", r"N \1"),
]


def blocks(readme):
    """Yields (kind, lines) of every fenced block."""
    kind, lines = None, []
    for line in pathlib.Path(readme).read_text(encoding="utf-8").splitlines():
        if kind is None and line.startswith("```"):
            kind, lines = line[3:].strip() or "text", []
        elif line == "```":
            yield kind, lines
            kind = None
        elif kind is not None:
            lines.append(line)


def sessions(readme):
    return [lines for kind, lines in blocks(readme) if kind == "console"]


def commands(lines):
    """The commands of a session, each a list of its lines."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append([line])
        elif line.startswith("> "):
            found[-1].append(line)
    return found


def print_session(number, lines):
    """Runs in the shell itself and not in a subshell, so that it can set variables and start jobs."""
    print("{")
    for command in commands(lines):
        print("printf '%s\\n' " + " ".join(map(shlex.quote, command)))
        print("\n".join(line[2:] for line in command))
    print('} >"$sessions/' + str(number) + '" 2>&1')


def print_script(readme):
    number = 0
    for kind, lines in blocks(readme):
        if kind == "sh":
            print("\n".join(lines))
        elif kind == "console":
            number += 1
            print_session(number, lines)


def fixed(lines):
    """The lines with fixed words, those of each command's output sorted."""
    text = "\n".join(line.rstrip() for line in lines)
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    result, output = [], []
    for line in text.splitlines():
        if line.startswith(("$ ", "> ")):
            result += sorted(output) + [line]
            output = []
        else:
            output.append(line)
    return result + sorted(output)


def compare(readme, folder):
    same = True
    for number, lines in enumerate(sessions(readme), 1):
        got = pathlib.Path(folder, str(number)).read_text(encoding="utf-8").splitlines()
        for line in difflib.unified_diff(fixed(lines), fixed(got), "README.md", f"session {number}", lineterm=""):
            print(line)
            same = False
    return same


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "script":
        print_script(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        sys.exit(not compare(sys.argv[2], sys.argv[3]))
    else:
        sys.exit(__doc__)


main()
