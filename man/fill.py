#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fill.py TEMPLATE [PROGRAM]

A manual page from its template. The lines

    @options COMMAND    become a list of the options that PROGRAM COMMAND --help prints,
    @common COMMAND     the same of the common ones,
    @keys FILE          the keys of a configuration file, with their comments and defaults,

so that the pages cannot say anything else than the programs do.
"""
import os
import re
import subprocess
import sys


def escape(text):
    text = text.replace("\\", "\\e").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in (".", "'") else text


def help_section(program, command, heading):
    text = subprocess.run(
        [program, command, "--help"], check=True, capture_output=True, text=True
    ).stdout
    section = re.search(heading + r":\n((?:  .*\n)*)", text)
    return section.group(1).splitlines() if section else []


def option_list(lines):
    print(".Bl -tag -width Ds")
    for line in lines:
        letter, name, argument, words = re.match(
            r"  (?:-(\w), |    )--([\w-]+)(?: (\S+)|(?:\[=\w+\]))? +(.*)", line
        ).groups()
        parts = ([f"Fl {letter} ,"] if letter else []) + [f"Fl -{name}"]
        if argument:
            parts.append("Ar " + escape(argument))
        print(".It " + " ".join(parts))
        print(escape(words) + ".")
    print(".El")


def key_list(path):
    comment = []
    print(".Bl -tag -width Ds")
    with open(path, encoding="utf-8") as lines:
        text = lines.read().split("\n\n", 1)[1]
    for line in text.splitlines():
        key = re.match(r"#(\w+) = (.*);$", line)
        if line.startswith("# "):
            comment.append(line[2:])
        elif key:
            print(f".It Ic {key.group(1)} No = {escape(key.group(2))}")
            print(escape("; ".join(comment)) + ".")
            comment = []
        elif not line:
            comment = []
    print(".El")


def main():
    template = sys.argv[1]
    folder = os.path.dirname(os.path.abspath(template))
    with open(template, encoding="utf-8") as lines:
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            if word == "@options":
                option_list(help_section(sys.argv[2], rest, "\nOptions"))
            elif word == "@common":
                option_list(help_section(sys.argv[2], rest, "Common options"))
            elif word == "@keys":
                key_list(os.path.join(folder, "..", "config", rest))
            else:
                sys.stdout.write(line)


main()
