"""No request is lost: during a red/black deployment, and when the server dies in the middle of one."""

import re
import signal
import subprocess
import time
import unittest

from harness import DEMO_CLIENT, Server, demo_source, deploy_config, free_port, main, outline, wait_until

LEAST = 20_000  # requests a test


class Traffic:
    """The demo client: half of its threads keep their connections, half open a new one a request."""

    def __init__(self, port):
        self.process = subprocess.Popen([DEMO_CLIENT, str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=30)
        numbers = [int(n) for n in re.findall(r"(\d+) sent", text)]
        failed = [int(n) for n in re.findall(r"(\d+) failed", text)]
        return sum(numbers[:1]), sum(failed[:1]), text


class NoRequestIsLost(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.port = free_port()
        self.server.save_application()
        self.server.save_pipeline(deploy_config(self.port))
        self.deploy("1")

    def start_deployment(self, version):
        return self.server.run("Deploy", {"version": version, "source": demo_source(self.server.data, version)})

    def deploy(self, version):
        execution = self.server.wait_for(self.start_deployment(version), 90)
        self.assertEqual(execution["status"], "SUCCEEDED", outline(execution))

    def check(self, traffic, version):
        sent, failed, text = traffic.stop()
        print(f"\n{text.strip()}")
        self.assertEqual(failed, 0, text)
        self.assertGreaterEqual(sent, LEAST, text)
        enabled = [g for g in self.server.server_groups() if not g["isDisabled"]]
        self.assertEqual([g["buildInfo"]["version"] for g in enabled], [version])

    def keep_on_until_enough(self, began, seconds=6):
        time.sleep(max(0, began + seconds - time.monotonic()))

    def test_red_black_deployments(self):
        began = time.monotonic()
        traffic = Traffic(self.port)
        self.deploy("2")
        self.deploy("3")
        self.keep_on_until_enough(began)
        self.check(traffic, "3")

    def test_a_server_that_dies_in_the_middle(self):
        began = time.monotonic()
        traffic = Traffic(self.port)
        execution = None
        for round, moment in enumerate((0.15, 0.5, 0.9)):
            version = str(round + 2)
            execution = self.start_deployment(version)
            time.sleep(moment)
            self.server.kill()
            time.sleep(0.3)
            self.server.start()
            ended = self.server.wait_for(execution, 90)
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.keep_on_until_enough(began)
        self.check(traffic, "4")

    def test_what_is_deployed_outlives_the_server(self):
        traffic = Traffic(self.port)
        self.assertEqual(self.server.stop(), 0)
        time.sleep(1)
        self.server.start()
        groups = wait_until(self.server.server_groups, 10, "the server finds its server groups again")
        self.assertEqual([g["instanceCounts"]["total"] for g in groups], [2])
        wait_until(lambda: self.server.server_groups()[0]["instanceCounts"]["up"] == 2, 10, "they are healthy")
        _, failed, text = traffic.stop()
        self.assertEqual(failed, 0, text)


if __name__ == "__main__":
    main()
