"""Whatever a person can do wrong gets a message that says what and why, and nothing is left half-done."""

import json
import os
import signal
import socket
import time
import subprocess
import sys
import tempfile
import unittest

from harness import (GENNAKER, Server, complete, demo_source, errors_of, free_port, main, outline, processes_in, wait_until)

WAIT = {"refId": "1", "type": "wait", "waitTime": 0}
LOCAL = {"cloudProvider": "local", "credentials": "local", "region": "local"}


def bake(source, **more):
    return {"refId": "1", "type": "bake", **LOCAL, "imageName": "demo", "version": "1", "source": source, **more}


def load_balancer(port, **more):
    return {"refId": "2", "type": "upsertLoadBalancer", **LOCAL, "loadBalancerName": "demo", "port": port, **more}


def deploy(**cluster):
    return {"refId": "3", "requisiteStageRefIds": ["1", "2"], "type": "deploy", "name": "Deploy", "clusters": [{
        "account": "local", "application": "demo", "cloudProvider": "local", "region": "local", "strategy": "none",
        "capacity": {"min": 1, "max": 1, "desired": 1}, "loadBalancers": ["demo"], "command": ["./demo-service"],
        "healthCheck": {"type": "http", "path": "/health", "intervalMs": 100}, **cluster}]}


class WithServer(unittest.TestCase):
    """One server for all tests of a class; each test must leave it empty."""

    more_config = ""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(local=cls.more_config)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.server.save_application()
        cls.source = demo_source(cls.server.data, "1")

    def groups_directory(self):
        return os.path.join(self.server.data, "local/local/server-groups")

    def assert_refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        for word in words:
            self.assertIn(word, answer.json["message"])
        self.assertEqual(answer.json["status"], status)
        self.assertEqual(self.server.get("/health").status, 200)

    def assert_fails(self, stages, *words, ended="TERMINAL"):
        """The execution fails, says why, and leaves nothing."""
        execution = self.server.wait_for(self.server.run_stages(*stages))
        self.assertEqual(execution["status"], ended, outline(execution))
        for word in words:
            self.assertIn(word, errors_of(execution))
        self.assert_nothing_left()
        return execution

    def assert_nothing_left(self):
        self.assertEqual([g["name"] for g in self.server.server_groups()], [])
        self.assertEqual(self.server.balancer_servers(), [])
        folder = self.groups_directory()
        self.assertEqual(processes_in(folder), [])
        self.assertEqual(os.listdir(folder) if os.path.isdir(folder) else [], [])


class Requests(WithServer):
    def save(self, *stages, **more):
        return self.server.post("/pipelines", {"application": "demo", "name": "Bad", "stages": stages, **more})

    def tearDown(self):
        self.assertEqual(self.server.get("/applications/demo/pipelineConfigs").json, [], "nothing bad was saved")
        self.assertEqual(self.server.get("/applications/demo/executions/search").json, [], "nothing bad was started")

    def test_unknown_stage_type(self):
        answer = self.server.post("/pipelines/start", {"application": "demo", "name": "Bad", "stages": [
            {"refId": "a", "type": "teleport"}]})
        self.assert_refused(answer, 400, "stages[0].type", "'teleport'")

    def test_a_cycle(self):
        answer = self.save({**WAIT, "requisiteStageRefIds": ["2"]},
                           {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"]})
        self.assert_refused(answer, 400, "requisiteStageRefIds", "cycle")
        answer = self.save({**WAIT, "requisiteStageRefIds": ["1"]})
        self.assert_refused(answer, 400, "requisiteStageRefIds", "waits for itself")

    def test_ref_ids(self):
        answer = self.save(WAIT, {"type": "wait"})
        self.assert_refused(answer, 400, "stages[1].refId", "is missing")
        answer = self.save(WAIT, WAIT)
        self.assert_refused(answer, 400, "stages[1].refId", "stages[0]")
        answer = self.save({**WAIT, "requisiteStageRefIds": ["9"]})
        self.assert_refused(answer, 400, "stages[0].requisiteStageRefIds", "'9'")

    def test_no_application_no_name_no_type(self):
        for path in ("/pipelines", "/pipelines/start"):
            answer = self.server.post(path, {"name": "Bad", "stages": [WAIT]})
            self.assert_refused(answer, 400, "application")
        self.assert_refused(self.server.post("/pipelines", {"application": "demo"}), 400, "name")
        self.assert_refused(self.save({"refId": "1"}), 400, "stages[0].type", "is missing")
        self.assert_refused(self.save("wait"), 400, "stages[0]", "object")
        self.assert_refused(self.server.post("/pipelines", {"application": "demo", "name": "x", "stages": {}}), 400,
                            "stages", "list")

    def test_malformed_json(self):
        for text in ('{"application": "demo",', "", "[1]", "nothing", '{"a": "\xff'.encode("latin-1"), '{"a": NaN}'):
            self.assert_refused(self.server.post("/pipelines", text), 400)
        answer = self.server.post("/pipelines", '{"application": "demo",\n "name" "x"}')
        self.assert_refused(answer, 400, "byte 32")

    def test_enormous_json(self):
        limit = 10 * 1024 * 1024
        answer = self.server.post("/pipelines", '{"a":"' + "x" * limit + '"}')
        self.assert_refused(answer, 413, "10")
        # A body that does not say how long it is.
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as raw:
            raw.sendall(b"POST /pipelines HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
            try:
                for _ in range(limit // 65536 + 2):
                    raw.sendall(chunk)
            except OSError:
                pass  # it need not listen to the end
            self.assertIn(b" 413 ", raw.recv(4096).split(b"\r\n")[0])
        self.assertEqual(self.server.get("/health").status, 200)

    def test_deep_json(self):
        self.assert_refused(self.server.post("/pipelines", "[" * 101 + "]" * 101), 400, "100")
        deep = '{"a":' * 200_000 + "1" + "}" * 200_000
        self.assert_refused(self.server.post("/pipelines", deep), 400, "100")

    def test_methods_and_paths(self):
        answer = self.server.request("PUT", "/health", "{}")
        self.assert_refused(answer, 405)
        self.assertIn("GET", answer.headers["Allow"])
        self.assert_refused(self.server.request("DELETE", "/applications"), 405)
        self.assert_refused(self.server.get("/no/such/path"), 404, "/no/such/path")
        self.assert_refused(self.server.get("/pipelines/01NOSUCHEXECUTION"), 404, "01NOSUCHEXECUTION")
        self.assert_refused(self.server.post("/pipelines/demo/Nowhere", {}), 404, "Nowhere")
        self.assert_refused(self.server.get("/applications/nowhere"), 404, "nowhere")
        self.assert_refused(self.server.request("PUT", "/pipelines/01NOSUCHEXECUTION/cancel"), 404)
        self.assert_refused(self.server.get("/instances/nowhere/local/x"), 400, "nowhere")

    def test_query_parameters(self):
        for query, name in (("limit=many", "limit"), ("limit=-1", "limit"), ("expand=perhaps", "expand"),
                            ("statuses=HAPPY", "HAPPY")):
            self.assert_refused(self.server.get("/applications/demo/pipelines?" + query), 400, name)
        self.assert_refused(self.server.get("/applications/demo/executions/search?size=0"), 400, "size")
        self.assert_refused(self.server.get("/executions?executionIds=a&pipelineConfigIds=b"), 400, "executionIds")

    def test_what_is_no_http(self):
        for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET /\r\n\r\n",
                     b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as raw:
                raw.sendall(text)
                raw.shutdown(socket.SHUT_WR)
                try:
                    answer = raw.recv(4096)
                except ConnectionResetError:
                    answer = b""
            self.assertRegex(answer, b"^(HTTP/1.1 4|$)")
        self.assertEqual(self.server.get("/health").status, 200)


class Parameters(WithServer):
    def test_a_required_parameter_and_a_disabled_pipeline(self):
        self.server.save_pipeline({"application": "demo", "name": "Wants", "stages": [WAIT],
                                   "parameterConfig": [{"name": "version", "required": True}]})
        self.assert_refused(self.server.post("/pipelines/demo/Wants", {"type": "manual"}), 400, "version")
        self.server.save_pipeline({"application": "demo", "name": "Off", "stages": [WAIT], "disabled": True})
        self.assert_refused(self.server.post("/pipelines/demo/Off", {"type": "manual"}), 400, "disabled")
        self.assert_refused(self.server.post("/pipelines", {"application": "demo", "name": "off", "stages": []}), 400,
                            "already exists")


    def test_none_of_the_options_no_date_and_no_object(self):
        self.server.save_pipeline({"application": "demo", "name": "Asks", "stages": [WAIT], "parameterConfig": [
            {"name": "colour", "hasOptions": True, "options": [{"value": "red"}, {"value": "blue"}], "default": "red"},
            {"name": "day", "constraint": "date"}]})
        def start(parameters):
            return self.server.post("/pipelines/demo/Asks", {"type": "manual", "parameters": parameters})
        self.assert_refused(start({"colour": "pink"}), 400, "colour", "red, blue")
        self.assert_refused(start({"day": "soon"}), 400, "day", "2026-12-31")
        self.assert_refused(start([1]), 400, "trigger.parameters", "object")
        self.assertEqual(self.server.get("/applications/demo/executions/search?pipelineName=Asks").json, [])
        ended = self.server.wait_for(self.server.run("Asks", {"day": "2028-02-29"}))
        self.assertEqual(ended["trigger"]["parameters"], {"colour": "red", "day": "2028-02-29"})


class Absurd(WithServer):
    """What is far too much, or refers to itself."""

    def save(self, name, *stages):
        return self.server.save_pipeline({"application": "demo", "name": name, "stages": list(stages)})

    @staticmethod
    def call(name):
        return {"refId": "1", "type": "pipeline", "application": "demo", "pipeline": name}

    def assert_ends_at_the_26th_level(self, name):
        ended = self.server.wait_for(self.server.run(name), 120)
        self.assertEqual(ended["status"], "TERMINAL", outline(ended))
        self.assertIn("would be nested 26 levels deep", errors_of(ended))
        self.assertEqual(self.server.get("/health").status, 200)

    def test_a_pipeline_that_calls_itself(self):
        self.save("Ouroboros", self.call("Ouroboros"))
        self.assert_ends_at_the_26th_level("Ouroboros")

    def test_two_pipelines_that_call_each_other(self):
        self.save("Ping", self.call("Pong"))
        self.save("Pong", self.call("Ping"))
        self.assert_ends_at_the_26th_level("Ping")

    def big(self, shape, type, count=5000):
        stages = [{"refId": str(i), "type": type, "waitTime": 0} for i in range(count)]
        if shape == "chain":
            for i in range(1, count):
                stages[i]["requisiteStageRefIds"] = [str(i - 1)]
        if shape == "join":
            stages[-1]["requisiteStageRefIds"] = [str(i) for i in range(count - 1)]
        return stages

    def run_big(self, shape, type):
        name = f"Big {shape} {type}"
        self.save(name, *self.big(shape, type))
        began = time.monotonic()
        id = self.server.run(name)
        wait_until(lambda: complete(self.server.get("/pipelines/" + id)), 300, "it ends", pause=1)
        ended = self.server.execution(id)
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
        self.assertEqual(ended["status"], "SUCCEEDED")
        statuses = {s["status"] for s in ended["stages"]}
        self.assertEqual(statuses, {"SKIPPED"} if type == "noop" else {"SUCCEEDED"})

    def test_5000_stages_in_a_row(self):
        self.run_big("chain", "noop")
        self.run_big("chain", "wait")

    def test_5000_stages_side_by_side(self):
        self.run_big("wide", "wait")

    def test_5000_stages_that_one_waits_for(self):
        self.run_big("join", "wait")

    def test_more_stages_than_that(self):
        answer = self.server.post("/pipelines", {"application": "demo", "name": "Bigger",
                                                 "stages": self.big("chain", "noop", 5001)})
        self.assert_refused(answer, 400, "stages", "too many")

    def test_a_field_of_5_megabytes(self):
        stages = [{**WAIT, "payload": "x" * 5_000_000}, {"refId": "2", "type": "manualJudgment",
                                                         "requisiteStageRefIds": ["1"]}]
        id = self.server.run_stages(*stages)
        asked = self.server.wait_for_stage(id, "2")
        self.assertEqual(len(self.server.execution(id)["stages"][0]["context"]["payload"]), 5_000_000)
        before = self.stored()
        for i in range(20):  # what is large is written when it changes, not whenever anything does
            self.server.request("PATCH", f"/pipelines/{id}/stages/{asked['id']}", {"note": i})
        self.assertLess(self.stored() - before, 20_000_000)  # 100 MB otherwise; a checkpoint copies what is there once
        answer = self.server.request("PATCH", f"/pipelines/{id}/stages/{asked['id']}", {"note": "x" * 11_000_000})
        self.assert_refused(answer, 413, "10")
        self.server.request("PATCH", f"/pipelines/{id}/stages/{asked['id']}", {"judgmentStatus": "continue"})
        self.assertEqual(self.server.wait_for(id)["status"], "SUCCEEDED")

    def stored(self):
        return sum(os.path.getsize(os.path.join(self.server.data, name)) for name in os.listdir(self.server.data)
                   if name.startswith("gennaker.db"))

    def test_json_nested_10000_deep(self):
        deep = "[" * 10_000 + "]" * 10_000
        for path in ("/pipelines", "/pipelines/start", "/tasks"):
            self.assert_refused(self.server.post(
                path, '{"application": "demo", "name": "Deep", "stages": [{"refId": "1", "type": "wait", "x": ' + deep +
                "}]}"), 400, "100")
        id = self.server.run_stages({"refId": "1", "type": "manualJudgment"})
        stage = self.server.wait_for_stage(id, "1")
        self.assert_refused(self.server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", '{"x": ' + deep + "}"),
                            400, "100")
        self.server.request("PUT", f"/pipelines/{id}/cancel")
        self.server.wait_for(id)

    def test_words_that_are_none(self):
        for stage, words in (
                ({"type": "monitorPipeline", "executionIds": ["x"], "monitorBehavior": "Relaxed"},
                 ("monitorBehavior", "'Relaxed'", "FailFast")),
                ({"type": "webhook", "url": "http://127.0.0.1:1/", "waitForCompletion": True,
                  "statusUrlResolution": "guess"}, ("statusUrlResolution", "getMethod")),
                ({"type": "webhook", "url": "http://127.0.0.1:1/", "method": "SHOUT"}, ("method", "SHOUT")),
                ({"type": "checkPreconditions", "preconditions": [{"type": "weather"}]},
                 ("preconditions[0].type", "'weather'")),
                ({"type": "checkPreconditions", "preconditions": [
                    {"type": "clusterSize", "context": {"cluster": "demo", "credentials": "local", "regions": ["local"],
                                                        "comparison": "roughly"}}]}, ("comparison", "roughly"))):
            with self.subTest(stage=stage):
                self.assert_fails([{"refId": "1", **stage}], *words)
        id = self.server.run_stages({"refId": "1", "type": "manualJudgment"})
        stage = self.server.wait_for_stage(id, "1")
        self.server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"judgmentStatus": "perhaps"})
        wait_until(lambda: "'perhaps'" in self.server.execution(id)["stages"][0]["context"]["waitingFor"], 5,
                   "the stage says what it waits for")
        self.server.request("PUT", f"/pipelines/{id}/cancel")
        self.server.wait_for(id)

    def test_what_users_write_where_the_engine_writes(self):
        ended = self.server.wait_for(self.server.run_stages(
            {**WAIT, "expressionEvaluationSummary": {"x": 5}, "restartDetails": [],
             "stageEnabled": 7, "restrictedExecutionWindow": "never", "stageTimeoutMs": "soon",
             "backoffPeriodMs": 9223372036854775807, "startTimeExpiry": "later"}))
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        huge = self.server.run_stages({**WAIT, "waitTime": 9223372036854775807, "stageTimeoutMs": 9223372036854775807})
        self.server.wait_for_stage(huge, "1")
        self.server.request("PUT", f"/pipelines/{huge}/cancel")
        self.assertEqual(self.server.wait_for(huge)["status"], "CANCELED")

    def test_numbers_as_texts(self):
        self.server.save_pipeline({"application": "demo", "name": "Texts", "limitConcurrent": "true",
                                   "keepWaitingPipelines": "true", "maxConcurrentExecutions": "3", "stages": [
            {"refId": 1, "type": "wait", "waitTime": "0", "stageTimeoutMs": "60000"},
            {"refId": 2, "requisiteStageRefIds": [1], "type": "wait", "waitTime": "soon", "failPipeline": "false",
             "completeOtherBranchesThenFail": "false", "continuePipeline": "false"}]})
        ended = self.server.wait_for(self.server.run("Texts"))
        self.assertEqual([s["status"] for s in ended["stages"]], ["SUCCEEDED", "STOPPED"], outline(ended))
        self.assertEqual((ended["status"], ended["limitConcurrent"], ended["maxConcurrentExecutions"]),
                         ("SUCCEEDED", True, 3))

    def test_commands_that_an_ad_hoc_task_does_not_know(self):
        id = self.server.post("/tasks", {"application": "demo", "description": "hold", "job": [
            {"type": "manualJudgment", "empty": "", "note": "first"}, {"type": "wait", "note": ""}]}).json["ref"].split("/")[-1]
        stage = wait_until(lambda: [s for s in self.server.get("/tasks/" + id).json["execution"]["stages"]
                                    if s["status"] == "RUNNING"], 10, "it runs")[0]
        self.assert_refused(self.server.request("PUT", f"/pipelines/{id}/pause"), 400, "task")
        self.assert_refused(self.server.request("PUT", f"/pipelines/{id}/resume"), 400, "task")
        self.assert_refused(self.server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"a": 1}), 400, "task")
        self.assert_refused(self.server.request("PUT", f"/pipelines/{id}/stages/{stage['id']}/restart", {}), 400)
        task = self.server.get("/tasks/" + id).json
        self.assertEqual(task["name"], "hold")
        self.assertEqual([step["name"] for step in task["steps"]], ["waitForJudgment"])
        self.assertIn({"key": "note", "value": "first"}, task["variables"])
        self.assertEqual(self.server.request("PUT", f"/tasks/{id}/cancel").status, 200)
        wait_until(lambda: self.server.get("/tasks/" + id).json["status"] == "CANCELED", 10, "it is cancelled")
        self.assertEqual(self.server.request("DELETE", "/tasks/" + id).status, 200)


class Nested(WithServer):
    """Children, seen from outside."""

    def setUp(self):
        for name, stage in (("Child", {"refId": "1", "type": "checkPreconditions", "name": "Gate", "preconditions": [
                {"type": "expression", "context": {"expression": "1 > 2", "failureMessage": "too few"}}]}),
                            ("Middle", Absurd.call("Child")), ("Parent", Absurd.call("Middle"))):
            self.server.post("/pipelines", {"application": "demo", "name": name, "id": name, "stages": [stage]})
        self.ended = self.server.wait_for(self.server.run("Parent"))
        self.middle = self.ended["stages"][0]["context"]["executionId"]
        self.child = self.server.execution(self.middle)["stages"][0]["context"]["executionId"]

    def test_parents_are_shown_inside_each_other(self):
        parent = self.server.execution(self.child)["trigger"]["parentExecution"]
        self.assertEqual(parent["id"], self.middle)
        self.assertEqual(parent["stages"][0]["context"]["executionId"], self.child)
        self.assertEqual(parent["trigger"]["parentExecution"]["name"], "Parent")
        self.assertEqual(parent["trigger"]["parentExecution"]["stages"][0]["type"], "pipeline")
        shown = self.server.get(f"/executions?executionIds={self.child}").json[0]
        self.assertEqual(shown["trigger"]["parentExecution"]["trigger"]["parentExecution"]["name"], "Parent")

    def test_the_stages_in_which_it_really_failed(self):
        found = self.server.get(f"/pipelines/failedStages?executionId={self.ended['id']}&deckOrigin=http://deck").json
        self.assertEqual([(s["executionId"], s["name"], s["status"]) for s in found],
                         [(self.child, "Check precondition (expression)", "TERMINAL")])
        self.assertEqual(found[0]["context"]["exception"]["details"]["errors"], ["too few"])
        self.assertTrue(found[0]["url"].startswith("http://deck/#/applications/demo/executions/details/" + self.child))
        self.assertEqual(self.server.get("/pipelines/failedStages").status, 400)
        self.assertEqual(self.server.get("/pipelines/failedStages?executionId=01NOSUCH").status, 404)
        self.assertEqual(self.server.get(f"/pipelines/failedStages?executionId={self.ended['id']}&limit=x").status, 400)

    def test_the_child_fails_each_of_its_parents(self):
        self.assertEqual(self.ended["status"], "TERMINAL")
        self.assertIn("too few", errors_of(self.ended))


class Deployments(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = free_port()

    def stages(self, **cluster):
        return [bake(self.source), load_balancer(self.port), deploy(**cluster)]

    def test_unknown_account(self):
        self.assert_fails(self.stages(account="locl"), "'locl'", "did you mean 'local'?")
        self.assert_fails([bake(self.source, credentials="locl")], "'locl'", "did you mean 'local'?")

    def test_unknown_names(self):
        self.assert_fails(self.stages(region="mars"), "region", "mars")
        self.assert_fails(self.stages(loadBalancers=["dem"]), "loadBalancers", "'dem'", "did you mean 'demo'?")
        self.assert_fails(self.stages(strategy="yolo"), "strategy", "yolo")
        self.assert_fails(self.stages(application="No Such"), "application")

    def test_no_image(self):
        self.assert_fails(self.stages(imageId="demo:none"), "imageId", "'demo:none'")

    def test_no_source(self):
        self.assert_fails([bake("/nowhere/at/all")], "source", "/nowhere/at/all")

    def test_a_program_that_is_not_there(self):
        self.assert_fails(self.stages(command=["./no-such-service"]), "command", "./no-such-service")

    def test_nonsense_in_settings(self):
        for bad, word in (({"command": 7}, "command"), ({"healthCheck": {"type": "prayer"}}, "healthCheck.type"),
                          ({"capacity": {"min": 1, "max": 1, "desired": -1}}, "capacity.desired"),
                          ({"capacity": {"min": 1, "max": 100_000, "desired": 100_000}}, "capacity.desired"),
                          ({"port": 70_000}, "port")):
            self.assert_fails(self.stages(**bad), word)

    def test_an_instance_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assert_fails(self.stages(port=port), "port", str(port), "taken", f"process {os.getpid()}")

    def test_a_load_balancer_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assert_fails([load_balancer(port, refId="1", loadBalancerName="other")], "port", str(port), "'other'")
        names = [b["name"] for b in self.server.get("/applications/other/loadBalancers").json]
        self.assertEqual(names, [])

    def test_a_command_that_exits_at_once(self):
        execution = self.assert_fails(
            self.stages(command=["/bin/sh", "-c", "echo no database >&2; exit 3"], healthTimeoutMs=5000),
            "demo-v", "exited with status 3")
        self.assertIn("5 s", errors_of(execution))

    def test_a_command_that_always_exits_is_given_up(self):
        """Long before the five minutes that a slow start may take."""
        began = time.monotonic()
        self.assert_fails(self.stages(command=["/bin/sh", "-c", "exit 3"], restart={"firstDelayMs": 20, "longestDelayMs": 50}),
                          "cannot become healthy", "exited with status 3")
        self.assertLess(time.monotonic() - began, 60)

    def test_a_health_check_that_never_passes(self):
        self.assert_fails(self.stages(healthCheck={"type": "http", "path": "/nowhere", "intervalMs": 100},
                                      healthTimeoutMs=5000), "0 of 1 instances", "404")

    def test_a_failed_red_black_deployment_leaves_what_served(self):
        good = self.server.wait_for(self.server.run_stages(*self.stages()))
        self.assertEqual(good["status"], "SUCCEEDED", outline(good))
        before = self.server.balancer_servers()
        self.assertEqual(len(before), 1)
        bad = self.server.wait_for(self.server.run_stages(*self.stages(
            strategy="redblack", command=["/bin/false"], healthTimeoutMs=4000)))
        self.assertEqual(bad["status"], "TERMINAL", outline(bad))
        self.assertIn("exited with status 1", errors_of(bad))
        groups = self.server.server_groups()
        self.assertEqual([(g["instanceCounts"]["up"], g["isDisabled"]) for g in groups], [(1, False)])
        self.assertEqual(self.server.balancer_servers(), before)
        gone = self.server.wait_for(self.server.run_stages({
            "refId": "1", "type": "destroyServerGroup", **LOCAL, "cluster": "demo", "target": "current_asg_dynamic"}))
        self.assertEqual(gone["status"], "SUCCEEDED", outline(gone))
        self.assert_nothing_left()

    def test_cancelled_before_it_is_healthy(self):
        id = self.server.run_stages(*self.stages(env={"SLOW_START_MS": "60000"}))
        wait_until(lambda: [g for g in self.server.server_groups() if g["instanceCounts"]["total"] == 1], 10,
                   "an instance starts")
        # It is in the inventory from the moment in which its start is decided.
        wait_until(lambda: processes_in(self.groups_directory()), 10, "its process is there")
        self.assertEqual(self.server.request("PUT", f"/pipelines/{id}/cancel?reason=enough").status, 200)
        ended = self.server.wait_for(id)
        self.assertEqual((ended["status"], ended["cancellationReason"]), ("CANCELED", "enough"), outline(ended))
        wait_until(lambda: not self.server.server_groups(), 15, "the server group goes")
        wait_until(lambda: not processes_in(self.groups_directory()), 5, "its processes go")
        self.assert_nothing_left()

    def test_haproxy_killed(self):
        good = self.server.wait_for(self.server.run_stages(*self.stages()))
        self.assertEqual(good["status"], "SUCCEEDED", outline(good))
        folder = os.path.join(self.server.data, "local/local/haproxy")
        for round in ("what it started", "all, the shim too"):
            with self.subTest(killed=round):
                for pid in processes_in(folder):
                    if round == "what it started" and "gennaker" in comm(pid):
                        continue
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                wait_until(lambda: self.answers(), 10, "HAProxy serves again")
                wait_until(lambda: len(self.server.balancer_servers()) == 1, 10, "and has its server")
        gone = self.server.wait_for(self.server.run_stages({
            "refId": "1", "type": "destroyServerGroup", **LOCAL, "cluster": "demo", "target": "current_asg_dynamic"}))
        self.assertEqual(gone["status"], "SUCCEEDED", outline(gone))
        self.assert_nothing_left()

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return b"version 1" in connection.recv(4096) + connection.recv(4096)
        except OSError:
            return False


class WithATaskThatIsOff(WithServer):
    more_config = "tasks:\n  wait:\n    enabled: false\n"

    def test_it_is_skipped(self):
        ended = self.server.wait_for(self.server.run_stages({**WAIT, "waitTime": 3600}))
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.assertEqual([t["status"] for t in ended["stages"][0]["tasks"]], ["SKIPPED"])


class WithBlockedAdHocTasks(WithServer):
    more_config = ("executions:\n  blockOrchestrationExecutions: true\n  allowedOrchestrationExecutions:\n"
                   "    - name: createApplication\n    - {name: wait, permittedUsers: [ann]}\n")

    def test_only_what_is_listed_is_started(self):
        request = {"application": "demo", "description": "hold", "job": [{"type": "createApplication", "application": {
            "name": "demo", "email": "demo@example.com"}}]}
        self.assertEqual(self.server.post("/tasks", request).status, 200)
        for kind, words in (("deploy", "switched off"), ("wait", "user anonymous may not")):
            answer = self.server.post("/tasks", {**request, "job": [*request["job"], {"type": kind}]})
            self.assert_refused(answer, 403, words)
            newest = max(self.server.get("/applications/demo/tasks").json, key=lambda task: task["id"])
            self.assertEqual(newest["status"], "TERMINAL")
            self.assertIn(words, newest["execution"]["cancellationReason"])
        ended = self.server.wait_for(self.server.run_stages({**WAIT, "waitTime": 0}))
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))


class WithoutHaproxy(WithServer):
    more_config = "  haproxy: /nowhere/haproxy\n"

    def test_haproxy_is_missing(self):
        self.assert_fails([load_balancer(free_port())], "/nowhere/haproxy", "apt-get install haproxy")
        self.assertEqual(self.server.get("/applications/demo/loadBalancers").json, [])
        # What needs no load balancer goes on.
        id = self.server.run_stages(bake(self.source), {**deploy(loadBalancers=[]), "requisiteStageRefIds": ["1"]})
        ended = self.server.wait_for(id)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))


class Starting(unittest.TestCase):
    """`gennaker serve` with what cannot work: exit status 1 (2 for the command line) and a message."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gennaker-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def serve(self, *arguments, config=None):
        if config is not None:
            path = os.path.join(self.folder, "config.yaml")
            with open(path, "w") as file:
                file.write(config)
            arguments += ("--config", path)
        if "--data" not in arguments:
            arguments += ("--data", os.path.join(self.folder, "data"))
        if "--port" not in arguments:
            arguments += ("--port", str(free_port()))
        ended = subprocess.run([GENNAKER, "serve", *arguments], capture_output=True, text=True, timeout=20)
        return ended.returncode, ended.stdout + ended.stderr

    def test_a_configuration_file_that_is_wrong(self):
        for config, words in (("local:\n  firstPrt: 1\n", ("config.yaml:2", "local.firstPrt", "firstPort")),
                              ("prot: 80\n", ("config.yaml:1", "prot", "port")),
                              ("port: many\n", ("config.yaml:1", "port", "0 to 65535")),
                              ("port: [\n", ("config.yaml:2",)),
                              ("local: 7\n", ("config.yaml:1", "local", "mapping")),
                              ("tasks:\n  dance:\n    enabled: false\n", ("tasks.dance", "no such task")),
                              ("tasks:\n  wait:\n    enabled: maybe\n", ("tasks.wait.enabled", "true or false")),
                              ("tasks:\n  global: {backOffPeriod: soon}\n", ("tasks.global.backOffPeriod", "whole number")),
                              ("tasks:\n  local: {prod: {backOffPeriod: 1}}\n", ("tasks.local.prod", "no such account")),
                              ("executions: {blockOrchestrationExecution: true}\n",
                               ("executions.blockOrchestrationExecution", "is unknown")),
                              ("pauseToggles: [deployments]\n", ("config.yaml:1", "pauseToggles", "mapping of names")),
                              ("- a\n", ("config.yaml:1", "mapping")),
                              ("logLevel: loud\n", ("config.yaml:1", "logLevel", "debug")),
                              ("local:\n  firstPort: 9\n  lastPort: 8\n", ("local.lastPort",))):
            with self.subTest(config=config):
                status, text = self.serve(config=config)
                self.assertEqual(status, 1, text)
                for word in words:
                    self.assertIn(word, text)
                self.assertNotIn("terminate called", text)

    def test_a_command_line_that_is_wrong(self):
        for arguments in (("--port", "many"), ("--config", "/nowhere.yaml"), ("--log-level", "loud"), ("--prot", "1")):
            with self.subTest(arguments=arguments):
                status, text = self.serve(*arguments)
                self.assertEqual(status, 2, text)
                self.assertIn(arguments[0 if arguments[0] == "--prot" else 1], text)

    def test_a_data_folder_that_cannot_be(self):
        status, text = self.serve("--data", "/proc/nowhere")
        self.assertEqual(status, 1, text)
        self.assertIn("/proc/nowhere", text)

    def test_a_second_server(self):
        with Server() as server:
            status, text = self.serve("--data", server.data)
            self.assertEqual(status, 1, text)
            self.assertIn("in use by process", text)
            self.assertIn(str(server.process.pid), text)
            status, text = self.serve("--port", str(server.port))
            self.assertEqual(status, 1, text)
            self.assertIn(str(server.port), text)
            self.assertIn("taken", text)
            self.assertEqual(server.get("/health").status, 200)


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
