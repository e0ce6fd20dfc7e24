#!/usr/bin/env python3
"""What the traffic guards would say is told beforehand, and it is what they say then."""

import unittest

from harness import Server, complete, main, wait_until

CONFIG = "simulated:\n  accounts: [sandbox]\n  regions: [north]\n"
WHERE = {"cloudProvider": "simulated", "region": "north"}
ON = {"credentials": "sandbox", **WHERE}
RULE = {"account": "sandbox", "location": "*", "stack": "main", "detail": ""}
DENIED = ("cluster 'demo-main' in sandbox/north has traffic guards enabled (set by a@example.com). {} [demo-main-v000] would leave the cluster with no "
          "instances up")


class Guards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(local=CONFIG)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.save_rules()
        deploy = {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "clusters": [
            {"account": "sandbox", "application": "demo", "stack": "main", "capacity": {"min": 2, "max": 2, "desired": 2}, **WHERE}]}
        bake = {"refId": "1", "type": "bake", "imageName": "demo", "version": "1", "source": "/", **ON}
        cls.server.wait_for(cls.server.run_stages(bake, deploy))
        cls.save_rules(RULE, {**RULE, "account": "prod"})
        cls.save_rules(RULE, {**RULE, "enabled": False})

    @classmethod
    def save_rules(cls, *rules):
        attributes = {"name": "demo", "email": "a@example.com", "trafficGuards": rules}
        ref = cls.server.post("/tasks", {"application": "demo", "description": "rules", "job": [
            {"type": "upsertApplication", "application": attributes}]}).json["ref"]
        wait_until(lambda: complete(cls.server.get(ref)), 20, "the application is saved")

    def ask(self, query, name="demo-main-v000"):
        return self.server.get(f"/applications/demo/serverGroups/sandbox/north/{name}/guard?operation={query}")

    def run_task(self, job):
        ref = self.server.post("/tasks", {"application": "demo", "description": "test", "job": [{**job, **ON}]}).json["ref"]
        return wait_until(lambda: complete(self.server.get(ref)), 20, "the task ends")

    def test_a_refusal_says_what_the_stage_would_say(self):
        for operation, verb in (("disableServerGroup", "Disabling"), ("destroyServerGroup", "Destroying"),
                                ("resizeServerGroup", "Removal of all instances in")):
            query = operation + ("&desired=0" if operation == "resizeServerGroup" else "")
            answer = self.ask(query).json
            self.assertEqual((answer["operation"], answer["allowed"], answer["reason"]),
                             (operation, False, DENIED.format(verb)))
            task = self.run_task({"type": operation, "serverGroupName": "demo-main-v000",
                                  "capacity": {"min": 0, "max": 0, "desired": 0}})
            self.assertEqual(task["status"], "TERMINAL")
            self.assertIn(answer["reason"], str(task["execution"]["stages"]))

    def test_a_rule_is_told_with_who_set_it(self):
        guards = self.ask("disableServerGroup").json["guards"]
        self.assertEqual([{field: guard[field] for field in RULE} for guard in guards], [RULE])
        versions = self.server.get("/applications/demo/history").json
        first = [version for version in versions if RULE in version.get("trafficGuards", [])][-1]
        self.assertEqual(str(guards[0]["setAt"]), first["updateTs"])
        # As the refusal says.
        self.assertEqual(guards[0]["setBy"], "a@example.com")
        self.assertIn(f"(set by {guards[0]['setBy']})", self.ask("disableServerGroup").json["reason"])

    def test_what_takes_no_traffic_away_is_allowed_and_still_guarded(self):
        for query in ("enableServerGroup", "resizeServerGroup&desired=1", "rollbackServerGroup"):
            answer = self.ask(query).json
            self.assertEqual((answer["allowed"], len(answer["guards"]), "reason" in answer), (True, 1, False), query)

    def test_an_instance_may_go_while_another_one_serves(self):
        instances = self.server.server_groups()[0]["instances"]
        self.assertEqual(len(instances), 2)
        path = f"/instances/sandbox/north/{instances[0]['id']}/guard?operation=terminateInstances"
        answer = self.server.get(path).json
        self.assertEqual((answer["allowed"], len(answer["guards"])), (True, 1))
        self.run_task({"type": "resizeServerGroup", "serverGroupName": "demo-main-v000",
                       "capacity": {"min": 1, "max": 1, "desired": 1}})
        self.addCleanup(self.run_task, {"type": "resizeServerGroup", "serverGroupName": "demo-main-v000",
                                        "capacity": {"min": 2, "max": 2, "desired": 2}})
        left = self.server.server_groups()[0]["instances"][0]["id"]
        answer = self.server.get(f"/instances/sandbox/north/{left}/guard?operation=terminateInstances").json
        self.assertEqual((answer["allowed"], answer["reason"]), (False, DENIED.format("Terminating all instances in")))

    def test_a_wrong_question_names_its_field(self):
        for answer, status, word in ((self.ask(""), 400, "operation"), (self.ask("resizeServerGroup"), 400, "desired"),
                                     (self.ask("resizeServerGroup&desired=many"), 400, "desired"),
                                     (self.ask("disableServerGroup", "demo-main-v009"), 404, "demo-main-v009"),
                                     (self.server.get("/instances/sandbox/north/nobody/guard?operation=x"), 404, "nobody")):
            self.assertEqual((answer.status, word in answer.json["message"]), (status, True), answer)


if __name__ == "__main__":
    main()
