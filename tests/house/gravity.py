#!/usr/bin/env python3
"""Gravity: a room of src/ uses only rooms in lower rows. This file is the one place where the table lives.

gravity.py           checks every #include, and that docs/architecture.md shows the table
gravity.py --print   prints the table as Markdown, for docs/architecture.md
"""

import re
import sys

from report import ROOT, Report, sources, text_of

# The highest first. A star marks a pure room: it uses only pure rooms and base.
ROWS = [
    (10, ["server"]),
    (9, ["api", "cli"]),
    (8, ["stages", "providers", "triggers", "notifications", "rehearsal"]),
    (7, ["pipelines"]),
    (6, ["clusters", "bakery", "canary"]),
    (5, ["runner"]),
    (4, ["access", "artifacts"]),
    (3, ["engine*", "clients"]),
    (2, ["expressions*", "store", "net"]),
    (1, ["model*"]),
    (0, ["base"]),
]
# Proves that the API suffices for a client.
ONLY = {"cli": {"net", "model", "base"}}
# For tests alone: uses any room, and only tests and itself use it.
TESTING = "testing"

ROW_OF = {room.rstrip("*"): row for row, rooms in ROWS for room in rooms}
PURE = {room[:-1] for _, rooms in ROWS for room in rooms if room.endswith("*")}

PAGE = "docs/architecture.md"
BEGIN, END = "<!-- gravity: begin -->", "<!-- gravity: end -->"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([a-z_]+)/[^"]*"')


def table():
    lines = ["| row | rooms |", "|---|---|"]
    for row, rooms in ROWS:
        lines.append(f"| {row} | {', '.join(room.replace('*', chr(92) + '*') for room in rooms)} |")
    return "\n".join(lines)


def complaint(user, used, is_test):
    """Why a file of room `user` must not include one of room `used`; None when it may."""
    if user == used or user == TESTING:
        return None
    if used == TESTING:
        return None if is_test else "testing/ is for tests: move what the product needs to the room it belongs to"
    if used not in ROW_OF:
        return f"there is no room {used}/: see the table in tests/house/gravity.py"
    if user in ONLY and used not in ONLY[user]:
        return f"{user}/ may use only {', '.join(sorted(ONLY[user]))}: go through the HTTP API"
    if user in PURE and used not in PURE and used != "base":
        return f"{user}/ is pure and uses only pure rooms and base: take a value instead, made by a caller above"
    if ROW_OF[used] == ROW_OF[user]:
        return f"{user}/ and {used}/ are neighbours in row {ROW_OF[user]}: put what both need into a lower room"
    if ROW_OF[used] > ROW_OF[user]:
        return (f"{used}/ (row {ROW_OF[used]}) is above {user}/ (row {ROW_OF[user]}): own an interface in {user}/ "
                f"and let {used}/ implement it")
    return None


def upward_includes():
    for name in sources("src/*.h", "src/*.cpp"):
        user = name.split("/")[1]
        if user != TESTING and user not in ROW_OF:
            yield f"{name}: src/{user}/ is not in the table of tests/house/gravity.py: give it a row"
            continue
        for number, line in enumerate(text_of(name).splitlines(), 1):
            found = INCLUDE.match(line)
            why = found and complaint(user, found.group(1), name.endswith("_test.cpp"))
            if why:
                yield f"{name}:{number}: {why}"


def page_differs():
    advice = f"put the output of `tests/house/gravity.py --print` between {BEGIN} and {END}"
    if not (ROOT / PAGE).is_file():
        yield f"{PAGE} is missing: write it, and {advice}"
        return
    found = re.search(re.escape(BEGIN) + r"\s*(.*?)\s*" + re.escape(END), text_of(PAGE), re.S)
    if not found:
        yield f"{PAGE} does not show the table: {advice}"
    elif found.group(1) != table():
        yield f"{PAGE} shows another table than tests/house/gravity.py: {advice}"


def rules_that_must_hold():
    """The checker's own test: what it must and must not complain about."""
    cases = [
        ("store", "base", False, None), ("store", "store", False, None), ("engine", "expressions", False, None),
        ("cli", "net", False, None), ("store", "testing", True, None), ("testing", "server", False, None),
        ("store", "runner", False, "is above"), ("net", "store", False, "neighbours"),
        ("engine", "store", False, "pure"), ("cli", "pipelines", False, "may use only"),
        ("store", "testing", False, "for tests"), ("store", "utils", False, "no room"),
    ]
    for user, used, is_test, expected in cases:
        answer = complaint(user, used, is_test)
        if (answer is None) != (expected is None) or (expected and expected not in answer):
            yield f"{user}/ includes {used}/: answered {answer!r}, expected {expected!r}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(table())
        sys.exit(0)
    report = Report()
    report.check("gravity knows up from down", rules_that_must_hold())
    report.check("gravity: rooms use only lower rows", upward_includes())
    report.check(f"gravity: {PAGE} shows the table", page_differs())
    report.finish()
