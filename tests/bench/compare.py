#!/usr/bin/env python3
"""Two revisions side by side: runs the same measurements of both in turns, and prints each figure's best and the ratio.

    compare.py THEIRS OURS NAME...       two checkouts that are built; names as in ./dev bench NAME
"""

import os
import re
import subprocess
import sys

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
HERE = os.path.dirname(os.path.abspath(__file__))
FIGURE = re.compile(r"(?:(median|p99|longest) )?(\d[\d,]*(?:\.\d+)?)(?: ([A-Za-z%][\w/%]*))?")


def command(root, name):
    """A program is the revision's own; a script is ours, and measures the revision's server."""
    script = os.path.join(HERE, f"{name}_bench.py")
    if os.path.exists(script):
        return ["python3", "-B", script]
    return [os.path.join(root, "build", "release", f"{name}_bench")]


def run(root, name):
    environment = {**os.environ, "GENNAKER": os.path.join(root, "build/release/gennaker"),
                   "STAGES_BENCH": os.path.join(root, "build/release/stages_bench")}
    environment.pop("BENCH_ROUNDS", None)
    result = subprocess.run(command(root, name), capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{name} of {root}: {result.stdout}{result.stderr}")
    return figures(result.stdout)


def figures(output):
    """{(line's name, figure's name): (number, unit)}: of each line its first figure, and the p99 if there is one."""
    found = {}
    for row in output.splitlines():
        parts = re.match(r"(\S.*?)\s{2,}(.*)", row)
        if not parts or "ratio" in parts.group(1):
            continue
        for place, figure in enumerate(FIGURE.finditer(parts.group(2))):
            word, number, unit = figure.groups()
            if place == 0 or word == "p99":
                found[parts.group(1), word or ""] = (float(number.replace(",", "")), unit or "")
    return found


def better(one, other):
    """Of two figures with the same unit; what is measured a second is good when it is large."""
    choose = max if one[1].endswith("/s") else min
    return choose(one, other)


def merge(best, found):
    for key, figure in found.items():
        best[key] = better(best[key], figure) if key in best else figure


def compare(name, roots):
    best = [{}, {}]
    for _ in range(ROUNDS):
        for of, root in zip(best, roots):
            merge(of, run(root, name))
    print(f"== {name}\n{'':<52} {'theirs':>12} {'ours':>12}   ratio (ours / theirs)")
    for key, (number, unit) in best[1].items():
        if key not in best[0]:
            continue
        before = best[0][key][0]
        ratio = f"{number / before:.2f}" if before else "-"
        print(f"{' '.join(key).strip():<52} {before:>12g} {number:>12g} {unit or '':<10} {ratio}", flush=True)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    for name in sys.argv[3:]:
        compare(name, sys.argv[1:3])


if __name__ == "__main__":
    main()
