"""The page in headless Chromium, against the real binary and the demo. Pictures go to SCREENSHOTS."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import BUILD, GENNAKER, Server, demo_source, free_port, main

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "examples", "demo")
SCREENSHOTS = os.environ.get("SCREENSHOTS", os.path.join(BUILD, "..", "screenshots"))


# Its first stage has a field whose expression fails, its second one a condition that "staging" does not meet.
GUARDED = {
    "application": "demo", "name": "Guarded release", "parameterConfig": [{"name": "env", "default": "staging"}],
    "stages": [
        {"refId": "1", "type": "wait", "name": "Settle", "waitTime": 1, "cluster": "demo-main",
         "comments": "Waits for ${clustr.size()} instances"},
        {"refId": "2", "requisiteStageRefIds": ["1"], "type": "checkPreconditions", "name": "Production only",
         "preconditions": [{"type": "expression", "failPipeline": True, "context": {
             "expression": "${parameters.env == 'production'}", "failureMessage": "Only production is released"}}]}]}


# The demo's cluster must not lose its last serving instance.
GUARD = {"account": "local", "location": "*", "stack": "*", "detail": "*"}

def release(delay):
    """Red/black in a cloud in memory, which serves with both for so many seconds."""
    return [
        {"refId": "1", "type": "bake", "name": "Bake", "cloudProvider": "simulated", "credentials": "sandbox",
         "region": "north", "imageName": "demo", "version": "1", "source": "/"},
        {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "name": "Deploy", "clusters": [
            {"account": "sandbox", "application": "demo", "stack": "slow", "strategy": "redblack", "cloudProvider": "simulated",
             "region": "north", "delayBeforeDisableSec": delay, "capacity": {"min": 1, "max": 1, "desired": 1}}]}]


# Holds its lock for so long that somebody breaks it.
SLOW = {"application": "demo", "name": "Slow release", "stages": release(600)}


class Page(unittest.TestCase):
    def setUp(self):
        self.server = Server(local="simulated:\n  accounts: [sandbox]\n  regions: [north]\n")
        self.addCleanup(self.server.__exit__)
        self.server.start()

    def gennaker(self, *arguments):
        subprocess.run([GENNAKER, *arguments, "--gate-endpoint", f"http://127.0.0.1:{self.server.port}"], check=True,
                       stdout=subprocess.DEVNULL)

    def register_demo(self):
        """The examples as they are, but for the load balancer's port."""
        port = free_port()
        for name in sorted(name for name in os.listdir(EXAMPLES) if name.endswith(".json")):
            with open(os.path.join(EXAMPLES, name)) as file:
                text = file.read().replace("8090", str(port))
            if name == "application.json":
                text = json.dumps({**json.loads(text), "trafficGuards": [GUARD]})
            path = os.path.join(self.server.data, name)
            with open(path, "w") as file:
                file.write(text)
            kind = "application" if name == "application.json" else "pipeline"
            self.gennaker(kind, "save", "--file", path)

    def test_the_page(self):
        self.register_demo()
        self.server.save_pipeline(GUARDED)
        self.server.save_pipeline(SLOW)
        self.server.wait_for(self.server.run_stages(*release(0)))
        # As a person would name them: they are on the pictures.
        releases = tempfile.mkdtemp(prefix="demo-")
        self.addCleanup(shutil.rmtree, releases)
        for version in ("1.4.0", "1.5.0"):
            os.rename(demo_source(releases, version), os.path.join(releases, version))
        self.gennaker("pipeline", "run", "-a", "demo", "-n", "Deploy demo", "-p", "version=1.4.0",
                      "-p", f"source={releases}/1.4.0", "--watch")
        shutil.rmtree(SCREENSHOTS, ignore_errors=True)
        parameters = {"Version": "1.5.0", "Source": f"{releases}/1.5.0"}
        environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{self.server.port}",
                       "SCREENSHOTS": os.path.abspath(SCREENSHOTS), "PARAMETERS": json.dumps(parameters),
                       "LOCKING": SLOW["name"], "WAITING": "yes", "BAKES": "yes"}
        ended = subprocess.run(["node", "--test", "--test-reporter=spec", os.path.join(HERE, "page", "page.test.mjs")],
                               env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400)
        print("\n" + ended.stdout, file=sys.stderr)
        self.assertEqual(ended.returncode, 0)
        self.assertGreater(int(re.search(r"pass (\d+)", ended.stdout).group(1)), 5)


if __name__ == "__main__":
    main()
