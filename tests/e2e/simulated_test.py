#!/usr/bin/env python3
"""Accounts of the configuration that are clouds in memory: what a pipeline deploys there, and that it is gone after a
new start."""

import unittest

from harness import Server, complete, main, wait_until

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

    def test_firewalls_are_made_shown_and_deleted(self):
        with Server(local=CONFIG) as server:
            where = {"credentials": "sandbox", "region": "north", "cloudProvider": "simulated"}
            rule = {"type": "tcp", "startPort": 80, "endPort": 80, "cidr": "10.0.0.0/8"}
            self.run_task(server, {"type": "upsertSecurityGroup", "securityGroupName": "demo", "ipIngress": [rule], **where})
            listed = server.get("/securityGroups").json
            self.assertEqual(listed["sandbox"]["simulated"]["north"][0]["name"], "demo")
            shown = server.get("/firewalls/sandbox/north/demo").json
            self.assertEqual(shown["inboundRules"][0]["range"], {"ip": "10.0.0.0", "cidr": "/8"})
            self.assertEqual(server.get(f"/securityGroups?id={shown['id']}").json, shown)
            self.run_task(server, {"type": "deleteSecurityGroup", "securityGroupName": "demo", **where})
            self.assertEqual(server.get("/securityGroups").json, {})

    def test_images_are_found_by_their_tags(self):
        with Server(local=CONFIG) as server:
            where = {"credentials": "sandbox", "region": "north", "cloudProvider": "simulated"}
            server.wait_for(server.run_stages(*deploy("sandbox", "north")))
            self.run_task(server, {"type": "upsertImageTags", "imageNames": ["demo"], "tags": {"tested": "yes"}, **where})
            found = server.get("/images/find?q=demo&tag:tested=yes").json
            self.assertEqual([image["tags"] for image in found], [{"tested": "yes"}])
            self.assertEqual(server.get("/images/find?q=demo&tag:tested=no").json, [])

    def test_a_cloud_says_what_it_cannot_do(self):
        with Server(local=CONFIG) as server:
            able = {name: server.get(f"/credentials/{name}").json["capabilities"] for name in ("local", "sandbox")}
            self.assertEqual((able["local"]["firewalls"], able["sandbox"]["firewalls"]), (False, True))
            task = self.run_task(server, {"type": "upsertSecurityGroup", "securityGroupName": "demo",
                                          "credentials": "local", "region": "local"}, status="TERMINAL")
            self.assertIn("cloudProvider: 'local' (account 'local') has no operation 'upsertSecurityGroup'", str(task))

    def test_entity_tags_are_kept(self):
        with Server(local=CONFIG) as server:
            about = {"cloudProvider": "simulated", "entityType": "ServerGroup", "entityId": "demo-v000",
                     "account": "sandbox", "region": "north"}
            for name, value in (("Keep", "until May"), ("why", "audit"), ("keep", "for ever")):
                self.run_task(server, {"type": "upsertEntityTags", "entityRef": about,
                                       "tags": [{"name": name, "value": value}]})
            server.stop()
            server.start()
            found, = server.get("/tags?entityType=servergroup&tag:keep=*").json
            self.assertEqual(found["id"], "simulated:servergroup:demo-v000:sandbox:north")
            self.assertEqual({tag["name"]: tag["value"] for tag in found["tags"]}, {"keep": "for ever", "why": "audit"})
            self.assertEqual(server.get(f"/tags/{found['id']}").json, found)
            self.assertEqual(server.get("/tags?tag:other=*").json, [])
            self.run_task(server, {"type": "deleteEntityTags", "id": found["id"], "tags": ["KEEP"]})
            self.assertEqual([tag["name"] for tag in server.get("/tags").json[0]["tags"]], ["why"])
            self.run_task(server, {"type": "deleteEntityTags", "id": found["id"], "deleteAll": True})
            self.assertEqual((server.get("/tags").json, server.get(f"/tags/{found['id']}").status), ([], 404))
            task = self.run_task(server, {"type": "upsertEntityTags", "entityRef": about, "tags": [{"name": "x"}]},
                                 status="TERMINAL")
            self.assertIn("tags[0].value: a value is needed", str(task))

    def test_a_target_is_found(self):
        with Server(local=CONFIG) as server:
            for _ in range(2):
                server.wait_for(server.run_stages(*deploy("sandbox", "south")))
            cluster = "/applications/demo/clusters/sandbox/demo"
            self.assertEqual(server.get(cluster).json["serverGroups"], ["demo-v000", "demo-v001"])
            self.assertEqual([group["name"] for group in server.get(f"{cluster}/serverGroups").json], ["demo-v000", "demo-v001"])
            self.assertEqual(len(server.get(f"{cluster}/serverGroups/demo-v001?region=south").json), 1)
            self.assertEqual(server.get("/applications/demo/clusters/sandbox/none").json, {})
            south = f"{cluster}/simulated/south/serverGroups/target"
            found = {target: server.get(f"{south}/{target}").json["name"]
                     for target in ("current_asg_dynamic", "current_asg", "ancestor_asg_dynamic", "oldest_asg_dynamic", "NEWEST")}
            self.assertEqual(found, {"current_asg_dynamic": "demo-v001", "current_asg": "demo-v001", "NEWEST": "demo-v001",
                                     "ancestor_asg_dynamic": "demo-v000", "oldest_asg_dynamic": "demo-v000"})
            image, = server.get(f"{south}/current_asg_dynamic/image").json["summaries"]
            self.assertEqual((image["serverGroupName"], image["imageName"]), ("demo-v001", "demo"))
            self.run_task(server, {"type": "disableServerGroup", "credentials": "sandbox", "region": "south",
                                   "serverGroupName": "demo-v000"})
            self.assertEqual(server.get(f"{south}/ancestor_asg_dynamic?onlyEnabled=true").status, 404)
            self.assertEqual(server.get(f"{south}/oldest_asg_dynamic?onlyEnabled=true").status, 404)
            self.assertEqual(server.get(f"{south}/oldest_asg_dynamic?onlyEnabled=true&validateOldest=false").json["name"], "demo-v001")
            self.assertEqual(server.get(f"{south}/whichever").status, 400)
            self.assertEqual(server.get(f"{cluster}/local/south/serverGroups/target/NEWEST").status, 404)
            self.assertEqual([group["name"] for group in server.get("/serverGroups?ids=sandbox:south:demo-v001").json], ["demo-v001"])
            self.assertEqual(len(server.get("/serverGroups?applications=demo").json), 2)
            self.assertEqual(server.get("/serverGroups").status, 400)

    def test_entity_tags_are_set_and_taken_away(self):
        with Server(local=CONFIG) as server:
            about = "cloudProvider=simulated&entityType=servergroup&entityId=demo-v000&account=sandbox&region=north"
            self.assertEqual(server.post("/tags?entityType=servergroup", []).status, 400)
            answer = server.post(f"/tags?{about}", [{"name": "keep", "value": "1"}, {"name": "why", "value": "audit"}])
            self.assertEqual(answer.status, 202)
            wait_until(lambda: complete(server.get(answer.json["ref"])), 30, "the tags are set")
            tags, = server.get("/tags").json
            self.assertEqual(len(tags["tags"]), 2)
            answer = server.request("DELETE", f"/tags/{tags['id']}/keep,why")
            self.assertEqual(answer.status, 202)
            wait_until(lambda: complete(server.get(answer.json["ref"])), 30, "the tags are gone")
            self.assertEqual(server.get("/tags").json, [])

    def test_jobs_that_are_made_ready(self):
        ready = ("job:\n  preconfigured:\n    simulated:\n      - {type: migrate, credentials: sandbox, region: north, "
                 "command: ./migrate, parameters: [{name: rows, mapping: outputs.rows}]}\n")
        with Server(local=CONFIG + ready) as server:
            listed, = server.get("/jobs/preconfigured").json
            self.assertEqual((listed["type"], listed["cloudProvider"], listed["noUserConfigurableFields"]),
                             ("migrate", "simulated", True))
            execution = server.wait_for(server.run_stages({"refId": "1", "type": "migrate", "parameters": {"rows": "7"}}))
            self.assertEqual(execution["status"], "SUCCEEDED", execution)
            self.assertEqual(execution["stages"][0]["outputs"]["rows"], "7")

    def run_task(self, server, job, status="SUCCEEDED"):
        task = {"application": "demo", "description": job["type"], "job": [job]}
        ref = server.post("/tasks", task).json["ref"]
        ended = wait_until(lambda: complete(server.get(ref)), 30, f"{ref} ends")
        self.assertEqual(ended["status"], status, ended)
        return ended


if __name__ == "__main__":
    main()
