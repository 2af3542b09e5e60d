#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the structure of the sources: which folder may include which, and that no modules form
a circle.

    scripts/structure.py [--source FOLDER] [--build FOLDER]

A folder with a meson.build that says `NAME_dep = declare_dependency(...)` is a library. Its files
may include headers of their own folder and of the libraries that it depends on, directly or by way
of others, and nothing else. So an include can only point down. A quoted include is a path from the
top of the tree.

A module is a .c file with the .h of the same name. A module uses another when it includes its
header; with --build also when its object file needs a function or variable that the other one
defines, so that a shared internal header hides nothing. Modules that use each other in a circle
are reported with what ties them together.

Exits with 1 when anything is wrong.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
DEPENDENCY = re.compile(r'^(\w+_dep) = declare_dependency\((.*?)\)\s*$', re.MULTILINE | re.DOTALL)
TARGET = re.compile(r'(?:static_library|executable)\((.*?)\)\s*$', re.MULTILINE | re.DOTALL)
WORD = re.compile(r'\b\w+_dep\b')
EVERYBODY = 'include/warren'  # the headers that are installed


def read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def find(source, wanted):
    """Paths, relative to source, of the files for which wanted(name) holds; no builds, no tests."""
    found = []
    for folder, folders, names in os.walk(source):
        inside = os.path.relpath(folder, source)
        folders[:] = sorted(f for f in folders
                            if not f.startswith(('build', '.')) and (inside, f) != ('.', 'tests'))
        found += [os.path.normpath(os.path.join(inside, n)) for n in sorted(names) if wanted(n)]
    return found


class Libraries:
    """The folders that are libraries, and what each may see."""

    def __init__(self, source):
        self.folder_of, self.below = {}, {}
        builds = [(os.path.dirname(path), read(os.path.join(source, path)))
                  for path in find(source, lambda name: name == 'meson.build')]
        for folder, text in builds:
            for name, _ in DEPENDENCY.findall(text):
                self.folder_of[name] = folder
        for folder, text in builds:
            words = [rest for _, rest in DEPENDENCY.findall(text)] + TARGET.findall(text)
            self.below[folder] = {self.folder_of[word] for part in words
                                  for word in WORD.findall(part) if word in self.folder_of}

    def seen_from(self, folder):
        seen, todo = {folder, EVERYBODY}, [folder]
        while todo:
            for below in self.below.get(todo.pop(), ()):
                if below not in seen:
                    seen.add(below)
                    todo.append(below)
        return seen


def module(path):
    return os.path.splitext(path)[0]


def check_includes(source, files, uses):
    """Reports includes that do not point down, and notes in uses who includes whom."""
    libraries, wrong = Libraries(source), 0
    for path in files:
        folder = os.path.dirname(path)
        seen = libraries.seen_from(folder)
        for header in INCLUDE.findall(read(os.path.join(source, path))):
            if not os.path.exists(os.path.join(source, header)):
                wrong += 1
                print(f'{path} includes {header}, which is no path from the top of the tree')
                continue
            if os.path.dirname(header) not in seen:
                wrong += 1
                print(f'{path} includes {header}: {folder}/meson.build does not depend on '
                      f'{os.path.dirname(header)}')
            if module(header) != module(path):
                uses[module(path)][module(header)].add(f'includes {os.path.basename(header)}')
    return wrong


def symbols(build, option):
    """(module, symbol) of every object file of the build that belongs to a module."""
    objects = list(find(build, lambda name: name.endswith('.c.o')))
    if not objects:
        sys.exit(f'{build} holds no object files: build it first')
    out = subprocess.run(['nm', '-A', '-P', '-g', option, *objects], cwd=build, text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    for line in out.splitlines():
        where, _, rest = line.partition(': ')
        target, name = os.path.split(where)
        yield os.path.join(os.path.dirname(target), name[:-len('.c.o')]), rest.split()[0]


def note_symbols(build, modules, uses):
    """Notes in uses who needs what somebody else defines. Tests have names of their own."""
    defined = {}
    for name, symbol in symbols(build, '--defined-only'):
        if name in modules and symbol != 'main':
            defined[symbol] = name
    for name, symbol in symbols(build, '--undefined-only'):
        owner = defined.get(symbol)
        if name in modules and owner and owner != name:
            uses[name][owner].add(f'uses {symbol}')


def circles(uses):
    """The groups of modules of which each reaches each (Tarjan, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for start in sorted(uses):
        if start in index:
            continue
        work = [(start, iter(sorted(uses[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(uses.get(target, ())))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group))
    return found


def report_circles(found, uses):
    for group in found:
        print(f'a circle of {len(group)} modules:')
        for user in group:
            for used in sorted(set(uses[user]) & set(group)):
                why = sorted(uses[user][used])
                more = f' and {len(why) - 3} more' if len(why) > 3 else ''
                print(f'    {user} -> {used}: {", ".join(why[:3])}{more}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--source', default=os.path.join(os.path.dirname(__file__), '..'),
                        help='the tree to look at (default: the one of this script)')
    parser.add_argument('--build', help='its build folder, to look at the object files too')
    options = parser.parse_args()
    files = find(options.source, lambda name: name.endswith(('.c', '.h')))
    files = [path for path in files if not path.startswith('examples/')]
    uses = collections.defaultdict(lambda: collections.defaultdict(set))
    wrong = check_includes(options.source, files, uses)
    if options.build:
        note_symbols(options.build, {module(path) for path in files}, uses)
    found = circles(uses)
    report_circles(found, uses)
    print(f'{len(files)} files, {wrong} includes that do not point down, {len(found)} circles')
    return 1 if wrong or found else 0


if __name__ == '__main__':
    sys.exit(main())
