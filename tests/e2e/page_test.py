"""The page in headless Chromium, against the real binary and the demo: see page/page.test.mjs."""

import json
import os
import subprocess
import unittest

from harness import GENNAKER, Server, demo_source, free_port, main, outline

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def demo_pipeline(name):
    with open(os.path.join(ROOT, "examples", "demo", name)) as file:
        return json.load(file)


class Page(unittest.TestCase):
    def test_in_the_browser(self):
        with Server() as server:
            endpoint = f"http://127.0.0.1:{server.port}"
            subprocess.run([GENNAKER, "--gate-endpoint", endpoint, "application", "save", "--file",
                            os.path.join(ROOT, "examples/demo/application.json")], check=True)
            port = free_port()
            deploy = demo_pipeline("deploy-demo.json")
            defaults = {p["name"]: p for p in deploy["parameterConfig"]}
            defaults["source"]["default"] = demo_source(server.data, "2")
            stages = {s["name"]: s for s in deploy["stages"]}
            stages["Load balancer"]["port"] = port
            stages["Check"]["url"] = f"http://127.0.0.1:{port}/health"
            server.save_pipeline(deploy)
            server.save_pipeline(demo_pipeline("promote-demo.json"))
            first = server.wait_for(server.run("Deploy demo", {"version": "1", "source": demo_source(server.data, "1")}))
            self.assertEqual(first["status"], "SUCCEEDED", outline(first))

            environment = {**os.environ, "BASE_URL": endpoint, "VALUE": "2",
                           "SCREENSHOTS": os.path.join(ROOT, "build", "screenshots")}
            browser = subprocess.run(["node", "--test", os.path.join(ROOT, "tests/e2e/page/page.test.mjs")], env=environment,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            print(browser.stdout)
            self.assertEqual(browser.returncode, 0)


if __name__ == "__main__":
    main()
