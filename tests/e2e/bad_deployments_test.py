#!/usr/bin/env python3
"""Deployments that cannot end well, on real processes: each says why in the stage, and leaves the cluster as the message says."""

import json
import unittest

from harness import Server, complete, demo_source, deploy_config, errors_of, free_port, main, outline, wait_until

WHERE = {"cloudProvider": "local", "credentials": "local", "region": "local"}
SICK = {"path": "/nowhere", "intervalMs": 100}


class BadDeployments(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.server.save_application()
        self.port = free_port()

    def start(self, **cluster):
        config = json.dumps(deploy_config(self.port, **{"strategy": "none", **cluster})["stages"])
        config = config.replace("${ parameters.version }", "1").replace("${ parameters.source }", demo_source(self.server.data, "1"))
        return self.server.run_stages(*json.loads(config))

    def deploy(self, expected, **cluster):
        ended = self.server.wait_for(self.start(**cluster))
        self.assertEqual(ended["status"], expected, outline(ended))
        return errors_of(ended)

    def cluster(self):
        return sorted((g["name"], g["capacity"]["desired"], g["instanceCounts"]["up"], g["isDisabled"]) for g in self.server.server_groups())

    def start_task(self, **job):
        return self.server.post("/tasks", {"application": "demo", "description": "test", "job": [{**job, **WHERE}]}).json["ref"]

    def wait_for_task(self, ref):
        return wait_until(lambda: complete(self.server.get(ref)), 30, "the task ends")

    def resize_task(self, name, desired):
        return self.start_task(type="resizeServerGroup", serverGroupName=name, capacity={"min": 0, "max": 9, "desired": desired})

    def refuse(self, message, **cluster):
        """Is refused with the message, and changes nothing."""
        before = self.cluster()
        self.assertIn(message, self.deploy("TERMINAL", **cluster))
        self.assertEqual(self.cluster(), before)

    def test_what_is_wrong_is_refused_before_anything_changes(self):
        self.deploy("SUCCEEDED")
        self.refuse("settings.command: './nothing' is not a program of image 'demo-1-", command=["./nothing"])
        self.refuse("clusters[0].capacity.max: a whole number from 0 to 100000 is needed, not 1000000000",
                    capacity={"min": 1, "max": 10**9, "desired": 10**9})
        self.refuse("clusters[0].capacity.min: a whole number from 0 to 100000 is needed, not -1", capacity={"min": -1, "max": 1, "desired": 1})
        self.refuse("clusters[0].capacity: min 1, desired 2, max 1", capacity={"min": 1, "max": 1, "desired": 2})
        self.refuse("capacity.desired: 0 to 200 is needed, not 5000", capacity={"min": 1, "max": 5000, "desired": 5000})
        self.refuse("loadBalancers: account 'local' has no load balancer 'demmo' in 'local'; did you mean 'demo'?", loadBalancers=["demmo"])
        for field, part in (("application", "application"), ("stack", "stack"), ("freeFormDetails", "freeFormDetails")):
            self.refuse(f"{field}: it makes the cluster's name 30", **{part: "a" * 300})

    def test_none_is_wanted(self):
        self.deploy("SUCCEEDED", capacity={"min": 0, "max": 0, "desired": 0})
        self.assertEqual(self.cluster(), [("demo-v000", 0, 0, False)])

    def test_what_never_becomes_healthy_goes_again_and_says_what_its_check_said(self):
        self.deploy("SUCCEEDED")
        for cluster, why in (({"healthCheck": SICK}, "Starting (HTTP 404)"), ({"command": "nothing --now"}, "Down (exited with status 127 (/bin/sh: 1: nothing: not found), restarting"),
                             ({"command": "exit 3"}, "Down (exited with status 3, restarting"), ({"command": "sleep 100"}, "Starting (")):
            said = self.deploy("TERMINAL", stageTimeoutMs=3000, **cluster)
            self.assertIn("timed out after 3 s; it waited for 0 of 2 instances of demo-v001 healthy: demo-v001-0 " + why, said)
            self.assertEqual(self.cluster(), [("demo-v000", 2, 2, False)])

    def test_a_server_group_that_goes_during_a_resize(self):
        self.deploy("SUCCEEDED", healthCheck=SICK, capacity={"min": 0, "max": 0, "desired": 0})
        resize = self.resize_task("demo-v000", 2)
        wait_until(lambda: "0 of 2 instances of demo-v000 healthy" in self.server.get(resize).body, 20, "the resize waits")
        broken = self.server.request("DELETE", "/clusterLocks/local/local/demo?reason=hurry")
        self.assertEqual(broken.status, 200, broken)
        gone = self.wait_for_task(self.start_task(type="destroyServerGroup", serverGroupName="demo-v000",
                                                  skipDisableBeforeDestroy=True))
        self.assertEqual(gone["status"], "SUCCEEDED")
        ended = self.wait_for_task(resize)
        self.assertEqual(ended["status"], "TERMINAL")
        self.assertRegex(errors_of(ended["execution"]), "'demo-v000' is being destroyed|has no server group 'demo-v000'")
        self.assertEqual(self.cluster(), [])

    def test_two_in_the_same_second(self):
        both = [self.start(strategy="redblack") for _ in range(2)]
        for id in both:
            self.assertEqual(self.server.wait_for(id)["status"], "SUCCEEDED")
        self.assertEqual(self.cluster(), [("demo-v000", 2, 0, True), ("demo-v001", 2, 2, False)])


if __name__ == "__main__":
    main()
