"""Text primitives as Go defines them: what counts as a space, how letters are lowered.

Python's own differ (``str.isspace`` accepts \\x1c to \\x1f), and BuildKit's reading depends on Go's.
"""

from __future__ import annotations

import re

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's ``unicode.IsSpace`` accepts."""

BLANK = "\t\v\f\r "
"""What separates a keyword, and the operands of COPY, FROM and others: BuildKit's own whitespace pattern."""

TRUTHS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")
"""What Go's ``strconv.ParseBool`` accepts."""

BLANKS = re.compile(f"[{BLANK}]+")


def lower(text: str) -> str:
    """``text`` in lower case as Go's ``strings.ToLower`` gives it (one character for one)."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()


def first_word(line: str) -> str:
    """What stands before the first blank of ``line``, surrounding space aside."""
    line = line.strip(SPACE)
    gap = BLANKS.search(line)
    return line[: gap.start()] if gap else line
