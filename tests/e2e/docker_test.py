#!/usr/bin/env python3
"""Deployments of containers with the whole server and a real Podman: a rolling push under traffic, operations on instances, and
what stages say when something is wrong."""

import re
import signal
import subprocess
import unittest
import urllib.request

from docker_cloud import DockerCloud
from harness import DEMO_CLIENT, Server, deploy_config, errors_of, free_port, main, outline


class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = DockerCloud()
        cls.addClassCleanup(cls.cloud.close)
        cls.server = Server(local=cls.cloud.config)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.save_application()
        cls.port, cls.version = free_port(), 0

    def tearDown(self):
        for group in self.groups():
            self.run_stages({"type": "destroyServerGroup", "serverGroupName": group["name"]})

    def groups(self):
        return sorted((g for g in self.server.server_groups()), key=lambda g: g["name"])

    def deploy(self, expected="SUCCEEDED", **fields):
        type(self).version += 1
        version = str(self.version)
        self.server.save_pipeline({**deploy_config(self.port, cloud=self.cloud, **fields), "id": "deploy"})
        ended = self.server.wait_for(self.server.run("Deploy", {
            "version": version, "source": self.cloud.source(self.server.data, version)}), 120)
        self.assertEqual(ended["status"], expected, outline(ended))
        return ended

    def run_stages(self, *stages, expected="SUCCEEDED"):
        stages = [{"refId": str(place), "requisiteStageRefIds": [str(place - 1)] if place else [], "name": stage["type"],
                   **self.cloud.where, **stage} for place, stage in enumerate(stages)]
        ended = self.server.wait_for(self.server.run_stages(*stages), 120)
        self.assertEqual(ended["status"], expected, outline(ended))
        return ended

    def answer(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return re.match(r"version \d+ ", answer.read().decode()).group()

    def clients(self):
        clients = subprocess.Popen([DEMO_CLIENT, str(self.port), "2", "200"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        self.addCleanup(clients.wait)
        self.addCleanup(clients.kill)
        return clients

    def expect_none_failed(self, clients):
        clients.send_signal(signal.SIGTERM)
        text, _ = clients.communicate(timeout=60)
        sent, failed = map(int, re.search(r"(\d+) requests sent, (\d+) failed", text).groups())
        self.assertGreater(sent, 100)
        self.assertEqual(failed, 0, text)

    def test_a_rolling_push_changes_what_a_server_group_runs(self):
        self.deploy()
        old = self.groups()[0]
        clients = self.clients()
        self.deploy(strategy="rollingpush", termination={"concurrentRelaunches": 1})
        self.expect_none_failed(clients)
        (new,) = self.groups()
        self.assertEqual(new["name"], old["name"])
        self.assertEqual(self.answer(), f"version {self.version} ")
        self.assertEqual(new["instanceCounts"]["up"], 2)
        launched = {i["id"]: i["launchTime"] for i in old["instances"]}
        for instance in new["instances"]:
            self.assertGreater(instance["launchTime"], launched[instance["id"]])
        containers = self.cloud.hosts[0].run("ps", "--format", "{{.Image}}")
        self.assertEqual(len(set(containers.split())), 1, containers)

    def test_a_rolling_push_that_fails_is_undone(self):
        self.deploy()
        before = self.answer()
        clients = self.clients()
        ended = self.deploy(expected="TERMINAL", strategy="rollingpush", command=["/no-such-program"],
                            rollback={"onFailure": True}, healthTimeoutMs=20000)
        self.expect_none_failed(clients)
        self.assertIn("settings.command: the image has no such program", errors_of(ended))
        (now,) = self.groups()
        self.assertEqual(self.answer(), before)
        self.assertEqual(now["instanceCounts"]["up"], 2, now)

    def test_stages_about_single_instances(self):
        self.deploy()
        name = self.groups()[0]["name"]
        clients = self.clients()
        self.run_stages({"type": "terminateInstances", "instanceIds": [name + "-0"]},
                        {"type": "waitForUpInstances", "serverGroupName": name},
                        {"type": "rebootInstances", "instanceIds": [name + "-1"]},
                        {"type": "deregisterInstancesFromLoadBalancer", "instanceIds": [name + "-0"], "loadBalancerNames": ["demo"]},
                        {"type": "registerInstancesWithLoadBalancer", "instanceIds": [name + "-0"], "loadBalancerNames": ["demo"]},
                        {"type": "terminateInstanceAndDecrementServerGroup", "instance": name + "-1", "serverGroupName": name,
                         "adjustMinIfNecessary": True})
        self.expect_none_failed(clients)
        self.assertEqual([i["id"] for i in self.groups()[0]["instances"]], [name + "-0"])


if __name__ == "__main__":
    main()
