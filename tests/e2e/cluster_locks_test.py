#!/usr/bin/env python3
"""One at a time changes a cluster: the next one waits and says for whom, and a person can take the lock away."""

import unittest

from harness import Server, main, outline

CONFIG = "simulated:\n  accounts: [sandbox]\n  regions: [north]\n"
WHERE = {"cloudProvider": "simulated", "region": "north"}


def bake():
    return {"refId": "1", "type": "bake", "credentials": "sandbox", "imageName": "demo", "version": "1", "source": "/", **WHERE}


def deploy(delay):
    """Red/black, which serves with both for so many seconds."""
    return {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "clusters": [
        {"account": "sandbox", "application": "demo", "strategy": "redblack", "delayBeforeDisableSec": delay,
         "capacity": {"min": 1, "max": 1, "desired": 1}, **WHERE}]}


class ClusterLocks(unittest.TestCase):
    def begin(self, server):
        """A deployment that holds the lock for long, and one that waits for it."""
        first = server.wait_for(server.run_stages(bake(), deploy(0)))
        self.assertEqual(first["status"], "SUCCEEDED", outline(first))
        holder = server.run_stages(bake(), deploy(600))
        server.wait_for_stage(holder, "2<1>1")
        waiter = server.run_stages(bake(), deploy(0))
        stage = server.wait_for_stage(waiter, "2<1")
        return holder, waiter, stage

    def waiting_for(self, server, id):
        stages = {stage["refId"]: stage for stage in server.execution(id)["stages"]}
        return stages["2<1"]["context"].get("waitingFor", "")

    def test_the_next_one_waits_and_goes_on_when_the_first_has_ended(self):
        with Server(local=CONFIG) as server:
            holder, waiter, _ = self.begin(server)
            locks = server.get("/clusterLocks").json
            self.assertEqual([(lock["cluster"], lock["executionId"]) for lock in locks], [("demo", holder)])
            self.assertIn(f"the lock of cluster demo in sandbox/north, which stage 'Deploy in north' of pipeline 'Unsaved', "
                          f"execution {holder} holds", self.waiting_for(server, waiter))
            self.assertEqual(server.request("PUT", f"/pipelines/{holder}/cancel").status, 200)
            ended = server.wait_for(waiter)
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
            self.assertEqual(server.get("/clusterLocks").json, [])

    def test_a_person_takes_the_lock_away(self):
        with Server(local=CONFIG) as server:
            holder, waiter, _ = self.begin(server)
            path = "/clusterLocks/sandbox/north/demo"
            refused = server.request("DELETE", path)
            self.assertEqual((refused.status, "reason" in refused.json["message"]), (400, True), refused)
            taken = server.request("DELETE", path + "?reason=it%20hangs")
            self.assertEqual((taken.status, taken.json["executionId"]), (200, holder), taken)
            ended = server.wait_for(waiter)
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
            self.assertEqual(server.request("DELETE", path + "?reason=again").status, 404)

    def test_the_command_line_lists_locks_and_breaks_one(self):
        with Server(local=CONFIG) as server:
            holder, waiter, _ = self.begin(server)
            listed = server.command("lock", "list")
            self.assertEqual(listed.returncode, 0, listed)
            self.assertRegex(listed.stdout, f"sandbox +north +demo .*pipeline 'Unsaved', execution {holder}")
            place = server.command("lock", "list", "--quiet").stdout.split()
            self.assertEqual(server.command("lock", "break", *place).returncode, 2, "it wants a reason")
            broken = server.command("lock", "break", *place, "--reason", "it hangs & we know")
            self.assertEqual((broken.returncode, holder in broken.stdout), (0, True), broken)
            self.assertEqual(server.wait_for(waiter)["status"], "SUCCEEDED")
            self.assertEqual(server.command("lock", "break", *place, "--reason", "again").returncode, 4)

    def test_a_crash_leaves_the_lock_with_its_holder(self):
        with Server(local=CONFIG) as server:
            holder, waiter, _ = self.begin(server)
            server.kill()
            server.start()
            self.assertEqual([lock["executionId"] for lock in server.get("/clusterLocks").json], [holder])
            self.assertEqual(server.execution(waiter)["status"], "RUNNING")


if __name__ == "__main__":
    main()
