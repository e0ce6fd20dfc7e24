#!/usr/bin/env python3
"""Accounts of the configuration that are clouds in memory: what a pipeline deploys there, and that it is gone after a
new start."""

import unittest

from harness import Server, main

CONFIG = "simulated:\n  accounts: [sandbox, playground]\n  regions: [north, south]\n"


def deploy(account, region):
    where = {"cloudProvider": "simulated", "region": region}
    return ({"refId": "1", "type": "bake", "credentials": account, "imageName": "demo", "version": "1", "source": "/", **where},
            {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "clusters": [
                {"account": account, "application": "demo", "capacity": {"min": 2, "max": 2, "desired": 2}, **where}]})


class SimulatedAccounts(unittest.TestCase):
    def test_a_pipeline_deploys_there(self):
        with Server(local=CONFIG) as server:
            execution = server.wait_for(server.run_stages(*deploy("sandbox", "south")))
            self.assertEqual(execution["status"], "SUCCEEDED", execution)
            groups = [(group["name"], group["account"], group["region"]) for group in server.server_groups()]
            self.assertEqual(groups, [("demo-v000", "sandbox", "south")])
            server.stop()
            server.start()
            self.assertEqual(server.server_groups(), [])

    def test_accounts_show_where_they_are(self):
        with Server(local=CONFIG) as server:
            accounts = {account["name"]: account["type"] for account in server.get("/credentials").json}
            self.assertEqual(accounts, {"local": "local", "playground": "simulated", "sandbox": "simulated"})


if __name__ == "__main__":
    main()
