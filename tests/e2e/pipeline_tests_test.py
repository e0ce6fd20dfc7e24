"""`gennaker test`, as a person and as CI use it: reports, exit statuses, wrong files."""

import os
import re
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree

from harness import GENNAKER, main

PASSED, FAILED, USAGE = 0, 1, 2
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
GOOD = """
pipeline: {application: shop, name: Rest, stages: [{type: wait, name: Wait, waitTime: 86400}]}
tests:
  - {name: takes a day, expect: {elapsed: 1d}}
"""
BAD = GOOD + "  - {name: 'takes <an> hour & more', expect: {elapsed: 1h}}\n"


class PipelineTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gennaker-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, text, name="a.test.yaml"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run_tests(self, *arguments, status=PASSED):
        ended = subprocess.run([GENNAKER, "test", *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        if status == USAGE:
            self.assertTrue(ended.stderr, "wrong usage is told on standard error")
            self.assertEqual(ended.stdout, "")
            return ended.stderr
        self.assertEqual(ended.stderr, "", "the engine's log must not disturb the report")
        return ended.stdout

    def test_the_examples_pass(self):
        said = self.run_tests(EXAMPLES)
        self.assertRegex(said, r"\n\d+ passed, 0 failed \(")

    def test_every_example_has_a_test(self):
        for folder, _, names in os.walk(EXAMPLES):
            for name in names:
                if not name.endswith(".json") or name == "application.json":
                    continue
                self.assertIn(name.replace(".json", ".test.yaml"), names, f"{folder}/{name} has no test beside it")

    def test_a_day_takes_no_time(self):
        begin = time.monotonic()
        said = self.run_tests(self.file(GOOD))
        self.assertLess(time.monotonic() - begin, 30)
        self.assertRegex(said, r"1 passed, 0 failed \(\d+\.\d\d s, 1d of virtual time\)\n$")
        self.assertNotIn("\x1b", said, "no colours in a pipe")

    def test_says_what_differs(self):
        path = self.file(BAD)
        said = self.run_tests(path, status=FAILED)
        self.assertIn(f"{path}:5: elapsed\n      expected: 1h\n      actual:   1d\n", said)
        self.assertIn("1 passed, 1 failed", said)

    def test_filters(self):
        path = self.file(BAD)
        self.assertIn("1 passed, 0 failed", self.run_tests(path, "--filter", "a day"))
        self.assertIn("no test's name contains", self.run_tests(path, "--filter", "nothing", status=USAGE))

    def test_writes_junit(self):
        report = os.path.join(self.folder, "report.xml")
        self.file(GOOD, "b/c.test.yml")
        self.file(BAD)
        self.assertEqual(self.run_tests(self.folder, "--format", "junit", "--output", report, status=FAILED), "")
        suites = xml.etree.ElementTree.parse(report).getroot()
        self.assertEqual((suites.get("tests"), suites.get("failures")), ("3", "1"))
        self.assertEqual([suite.get("tests") for suite in suites], ["2", "1"])
        case = suites.find(".//testcase[failure]")
        self.assertEqual(case.get("name"), "takes <an> hour & more")
        self.assertIn("expected: 1h", case.find("failure").text)

    def test_writes_tap(self):
        lines = self.run_tests(self.file(BAD), "--format", "tap", status=FAILED).splitlines()
        self.assertEqual(lines[:2], ["TAP version 14", "1..2"])
        self.assertRegex(lines[2], r"^ok 1 - .*: takes a day$")
        self.assertRegex(lines[3], r"^not ok 2 - .*: takes <an> hour & more$")
        self.assertEqual((lines[4], lines[-1]), ("  ---", "  ..."))

    def test_jobs_give_the_same_report(self):
        timeless = lambda text: re.sub(r"\d+\.\d\d s", "", text)
        self.assertEqual(timeless(self.run_tests(EXAMPLES, "--jobs", "4")), timeless(self.run_tests(EXAMPLES)))

    def test_wrong_files_are_told_with_line_and_field(self):
        laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
        wrong = [
            ("pipeline: nope.json\ntests: [{name: a}]\n", "a.test.yaml:1: pipeline: there is no file"),
            (GOOD + "  - {name: b, expects: {}}\n", "a.test.yaml:5: tests[1].expects: this key is unknown; did you mean"),
            (GOOD + "  - {name: b, expect: {status: 7}}\n", "'7' is no status"),
            ("a: [", "a.test.yaml:"),
            ("", "the file is empty"),
            (b"\x00\x01\xff", "this is not a text file"),
            ("#" * 5_000_000, "the file has 5.0 MB"),
            ("[" * 100_000, "nested deeper than"),
            (laughs, "more than 200000 values"),
        ]
        for text, message in wrong:
            self.assertIn(message, self.run_tests(self.file(text), status=USAGE))

    def test_all_wrong_files_are_told_and_nothing_runs(self):
        self.file("a: 1", "one.test.yaml")
        self.file("b: 1", "two.test.yaml")
        self.file(GOOD, "three.test.yaml")
        said = self.run_tests(self.folder, status=USAGE)
        self.assertIn("one.test.yaml:1", said)
        self.assertIn("two.test.yaml:1", said)

    def test_wrong_usage(self):
        self.run_tests(status=USAGE)
        self.run_tests("/nowhere", status=USAGE)
        self.run_tests(self.folder, status=USAGE)
        self.run_tests(self.file(GOOD), "--format", "pdf", status=USAGE)
        self.run_tests(self.file(GOOD), "--output", "/nowhere/report", status=USAGE)
        self.run_tests(self.file(GOOD), "--jobs", "0", status=USAGE)

    def test_what_never_ends_is_told_not_waited_for(self):
        circle = """
pipeline: {application: shop, name: Main, stages: [
  {type: wait, refId: a, requisiteStageRefIds: [b]}, {type: wait, refId: b, requisiteStageRefIds: [a]}]}
tests: [{name: circle}]
"""
        self.assertIn("the start was refused", self.run_tests(self.file(circle), status=FAILED))
        long = GOOD.replace("86400", "99999999999")
        self.assertIn("does not end within its patience of 90d", self.run_tests(self.file(long), status=FAILED))
        unanswered = GOOD.replace("type: wait", "type: manualJudgment")
        self.assertIn("judge: continue", self.run_tests(self.file(unanswered), status=FAILED))


if __name__ == "__main__":
    main()
