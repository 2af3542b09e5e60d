#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks how the texts of this tree are written.

    scripts/prose.py width [TREE]          no line of the documents or of C is too long
    scripts/prose.py comments [TREE]       hardly a comment of C opens as half a sentence

Prose of README.md, HACKING.md, SECURITY.md and docs/ is at most 80 columns wide, and a row of a
table 160. The target of a link does not count, nor do code blocks and headings. C is at most 100
columns wide, where a tab counts to the next multiple of 8.

A comment must be understood without the line before it. One that opens with a word such as "Its"
or "True:" is not, so less than 1 % of the comments may. Prints what is wrong, and exits with 1 if
anything is.
"""
import glob
import os
import re
import sys

DOCUMENTS = ('README.md', 'HACKING.md', 'SECURITY.md', 'docs/*.md')
FOLDERS = ('common', 'worker', 'producer', 'include')
PROSE, TABLE, CODE = 80, 160, 100
LINK = re.compile(r'(?<=\])\([^)]*\)|https?://\S+')
COMMENT = re.compile(r'/\*(.*?)\*/|//([^\n]*)', re.DOTALL)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
HALF = re.compile(r'(?:The same|It|Its|Of|That|Those|What|Who)\b|(?:True|False):')
SHARE = 0.01


def files(tree, *patterns):
    """(path in the tree, text) of the files that match, but of none that is built."""
    for pattern in patterns:
        for name in sorted(glob.glob(pattern, root_dir=tree, recursive=True)):
            if not name.startswith('build'):
                with open(os.path.join(tree, name), encoding='utf-8') as f:
                    yield name, f.read()


def document_limits(text):
    """(line number, line, columns that it may have) of each line of prose or a table."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith('```'):
            fenced = not fenced
        elif not fenced and not line.startswith('    '):
            if line.startswith('|'):
                yield number, LINK.sub('', line), TABLE
            elif not line.startswith('#'):
                yield number, LINK.sub('', line), PROSE


def code_limits(text):
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.expandtabs(8), CODE


def check_width(tree):
    wrong = 0
    for limits, found in ((document_limits, files(tree, *DOCUMENTS)),
                          (code_limits, files(tree, '**/*.c', '**/*.h'))):
        for name, text in found:
            for number, line, most in limits(text):
                if len(line) > most:
                    wrong += 1
                    print(f'{name}:{number}: {len(line)} columns, at most {most}')
    print(f'{wrong} lines are too long')
    return wrong == 0


def comments(text):
    """(line number, words) of each comment. Lines of // that follow each other are one."""
    # A text may hold what looks like a comment. Its length is kept, for the positions.
    text = TEXT.sub(lambda m: '"' + ' ' * (len(m[0]) - 2) + '"', text)
    last = None
    for m in COMMENT.finditer(text):
        number = text.count('\n', 0, m.start()) + 1
        own_line = not text[text.rfind('\n', 0, m.start()) + 1:m.start()].strip()
        follows = m[2] is not None and own_line and last == number - 1
        last = number if m[2] is not None else None
        if not follows:
            yield number, (m[1] if m[2] is None else m[2]).strip(' *\t\n')


def check_comments(tree):
    total, half = 0, 0
    for name, text in files(tree, *(f'{folder}/**/*.[ch]' for folder in FOLDERS)):
        for number, words in comments(text):
            if words.startswith('SPDX'):
                continue
            total += 1
            if HALF.match(words):
                half += 1
                print(f'{name}:{number}: {words.splitlines()[0]}')
    print(f'{half} of {total} comments open as half a sentence')
    return half < SHARE * total


def main():
    checks = {'width': check_width, 'comments': check_comments}
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in checks:
        print(__doc__)
        return 0 if sys.argv[1:] in (['-h'], ['--help']) else 64
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
    return 0 if checks[sys.argv[1]](sys.argv[2] if len(sys.argv) == 3 else here) else 1


if __name__ == '__main__':
    sys.exit(main())
