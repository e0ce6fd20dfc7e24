"""What the house rules share: where the sources are, and how a check says what it found."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources(*patterns):
    """Files of the working tree that git knows or would add, as paths from the root, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


class Report:
    """Collects the findings of several checks, each under its name."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, findings):
        findings = list(findings)
        if findings:
            self.failed += 1
            print(f"FAILED {name}")
            for finding in findings:
                print(f"  {finding}")
        else:
            self.passed += 1
            print(f"ok     {name}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
