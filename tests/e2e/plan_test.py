"""A plan, by the command line and the API, of what the real server holds."""

import json
import os
import tempfile
import unittest

from harness import Server, demo_source, deploy_config, free_port, main

DONE, FAILED, USAGE, NOT_THERE = 0, 1, 2, 4


class Plans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.files = tempfile.TemporaryDirectory(prefix="gennaker-e2e-")
        cls.addClassCleanup(cls.files.cleanup)
        cls.port = free_port()
        cls.server.save_pipeline(deploy_config(cls.port))

    def gennaker(self, *arguments, status=DONE):
        ended = self.server.command(*arguments)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        return ended.stdout + ended.stderr

    def plan(self, status=200, **body):
        answer = self.server.post("/pipelines/plan", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def operations(self, plan):
        found = []

        def walk(stage):
            for part in stage["before"]:
                walk(part)
            found.extend(operation["kind"] for operation in stage["operations"])
            for part in stage["after"]:
                walk(part)

        for stage in plan["stages"]:
            walk(stage)
        return found

    def test_plans_what_then_happens(self):
        parameters = {"version": "1", "source": demo_source(self.files.name, "1")}
        first = self.plan(application="demo", pipeline="Deploy", parameters=parameters)
        self.assertEqual(first["problems"], [])
        self.assertIn("createServerGroup", self.operations(first))
        self.assertNotIn("disableServerGroup", self.operations(first))
        self.assertEqual(self.server.server_groups(), [], "nothing was done")

        self.server.wait_for(self.server.run("Deploy", parameters))
        second = self.plan(application="demo", pipeline="Deploy",
                           parameters={**parameters, "version": "2"})
        # The inventory was asked: there is something to disable now.
        self.assertIn("disableServerGroup", self.operations(second))
        said = self.gennaker("pipeline", "plan", "-a", "demo", "-n", "Deploy", "-p", "version=2",
                             "-p", f"source={parameters['source']}")
        self.assertIn("+ disableServerGroup in local: demo", said)

    def test_names_every_problem_of_a_file(self):
        file = os.path.join(self.files.name, "broken.json")
        with open(file, "w", encoding="utf-8") as out:
            json.dump({"application": "demo", "name": "Broken", "stages": [
                {"refId": "1", "type": "wiat"},
                {"refId": "2", "type": "wait", "waitTime": "${1 +}"},
                {"refId": "3", "type": "destroyServerGroup", "cloudProvider": "local", "credentials": "locl"}]}, out)
        said = self.gennaker("pipeline", "plan", "--file", file, status=FAILED)
        for words in ("did you mean 'wait'?", "stage 2, waitTime", "account 'locl'"):
            self.assertIn(words, said)
        listed = json.loads(self.gennaker("pipeline", "plan", "--file", file, "--output", "json", status=FAILED))
        self.assertTrue(all(problem["level"] == "error" for problem in listed["problems"]))

    def test_refuses_what_it_cannot_plan(self):
        self.assertIn("--file", self.gennaker("pipeline", "plan", status=USAGE))
        self.gennaker("pipeline", "plan", "-a", "demo", "-n", "Nope", status=NOT_THERE)
        self.assertIn("pipeline", self.plan(400, application="demo")["message"])
        self.assertIn("config.application", self.plan(400, config={"stages": []})["message"])
        self.assertTrue(self.plan(config={"application": "demo", "stages": "x"})["problems"])
        self.assertTrue(self.plan(config={"application": "demo", "stages": [3]})["problems"])


if __name__ == "__main__":
    main()
