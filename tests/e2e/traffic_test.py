"""No request is lost: during a red/black deployment, and when the server dies in the middle of one."""

import itertools
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
        """(sent, failed, what it said)"""
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=30)
        sent, failed = map(int, re.search(r"(\d+) requests sent, (\d+) failed", text).groups())
        return sent, failed, text


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

    def repeat_under_traffic(self, round):
        """Runs round(version) with clients that never pause, until enough requests were sent."""
        total, version = 0, 1
        while total < LEAST:
            version += 1
            traffic = Traffic(self.port)
            try:
                round(str(version))
            finally:
                sent, failed, text = traffic.stop()
            self.assertEqual(failed, 0, text)
            total += sent
            enabled = [g for g in self.server.server_groups() if not g["isDisabled"]]
            self.assertEqual([g["buildInfo"]["version"] for g in enabled], [str(version)])
        print(f"\n{total} requests sent, 0 failed, over {version - 1} deployments")

    def test_red_black_deployments(self):
        self.repeat_under_traffic(self.deploy)

    def test_a_server_that_dies_in_the_middle(self):
        moments = itertools.cycle((0.1, 0.25, 0.4, 0.6, 0.8, 1.0))

        def round(version):
            execution = self.start_deployment(version)
            time.sleep(next(moments))
            self.server.kill()
            time.sleep(0.3)
            self.server.start()
            ended = self.server.wait_for(execution, 90)
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))

        self.repeat_under_traffic(round)

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
