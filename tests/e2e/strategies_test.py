#!/usr/bin/env python3
"""Strategies with the whole server: pipelines as strategies, monitors that are asked over HTTP, previews, and guards that refuse."""

import http.server
import json
import threading
import unittest

from harness import Server, main, outline

WHERE = {"cloudProvider": "simulated", "region": "north"}


class Monitor(http.server.ThreadingHTTPServer):
    """Answers `says`, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        self.says, self.asked = "continue", []
        super().__init__(("127.0.0.1", 0), Judgment)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Judgment(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        answer = json.dumps({"nextStep": {"directive": self.server.says}, "statusReason": {"message": "too many errors"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Strategies(unittest.TestCase):
    def setUp(self):
        self.monitor = Monitor()
        self.addCleanup(self.monitor.server_close)
        self.addCleanup(self.monitor.shutdown)
        self.server = Server(local="simulated:\n  accounts: [sandbox]\n  regions: [north]\ndeploymentMonitor:\n  monitors:\n"
                                   f"    - {{id: errors, name: Errors, baseUrl: 'http://127.0.0.1:{self.monitor.server_port}'}}\n")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.server.save_application()

    def stages(self, version, fields):
        """Bakes and deploys four instances."""
        return ({"refId": "1", "type": "bake", "credentials": "sandbox", "imageName": "demo", "version": version, "source": "/", **WHERE},
                {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "clusters": [
                    {"account": "sandbox", "application": "demo", "capacity": {"min": 2, "max": 6, "desired": 4}, **WHERE, **fields}]})

    def deploy(self, version, expected="SUCCEEDED", **fields):
        ended = self.server.wait_for(self.server.run_stages(*self.stages(version, fields)))
        self.assertEqual(ended["status"], expected, outline(ended))
        return ended

    def cluster(self):
        return sorted((g["name"], "off" if g["isDisabled"] else "on", g["buildInfo"]["version"], g["capacity"]["min"],
                       g["capacity"]["desired"], g["capacity"]["max"]) for g in self.server.server_groups())

    def test_a_pipeline_as_a_strategy(self):
        self.server.save_pipeline({
            "application": "demo", "name": "careful", "id": "careful", "strategy": True, "stages": [
                {"refId": "1", "type": "deploy", "name": "Deploy"},
                {"refId": "2", "type": "waitForUpInstances", "requisiteStageRefIds": ["1"], "target": "current_asg_dynamic",
                 "credentials": "x", "cluster": "x", "regions": ["x"]},
                {"refId": "3", "type": "disableCluster", "requisiteStageRefIds": ["2"], "remainingEnabledServerGroups": 1,
                 "credentials": "x", "cluster": "x", "regions": ["x"]}]})
        self.deploy("1")
        ended = self.deploy("2", strategy="custom", strategyApplication="demo", strategyPipeline="careful")
        self.assertEqual(self.cluster(), [("demo-v000", "off", "1", 2, 4, 6), ("demo-v001", "on", "2", 2, 4, 6)], outline(ended))
        self.assertEqual(self.server.get("/clusterLocks").json, [])

    def test_a_monitor_decides(self):
        self.deploy("1")
        before = self.cluster()
        monitored = {"strategy": "monitored", "deploySteps": [50], "deploymentMonitor": {"id": "errors", "parameters": {"most": 3}},
                     "failureActions": {"rollback": "Automatic", "destroyInstances": True}}
        self.monitor.says = "abort"
        ended = self.deploy("2", "TERMINAL", **monitored)
        self.assertIn("deployment monitor 'Errors' says to stop: too many errors", json.dumps(ended))
        self.assertEqual(self.cluster(), before)
        self.assertEqual([path for path, _ in self.monitor.asked],
                         ["/deployment/starting", "/deployment/evaluateHealth", "/deployment/completed"])
        evaluated, completed = self.monitor.asked[1][1], self.monitor.asked[2][1]
        self.assertEqual((evaluated["currentProgress"], evaluated["oldServerGroup"], evaluated["parameters"]),
                         (50, "demo-v000", {"most": 3}))
        self.assertEqual((completed["status"], completed["rollback"]), ("failure", "success"))
        self.monitor.says = "continue"
        self.deploy("3", **monitored)
        self.assertEqual([group[1:3] for group in self.cluster()], [("off", "1"), ("on", "3")])

    def test_a_monitor_that_is_not_configured_is_refused_before_anything_is_deployed(self):
        ended = self.deploy("1", "TERMINAL", strategy="monitored", deploymentMonitor={"id": "errrors"})
        self.assertIn("deploymentMonitor.id: 'errrors' is not configured; there are: errors", json.dumps(ended))
        self.assertEqual(self.cluster(), [])

    def test_steps_in_place_and_beside(self):
        self.deploy("1")
        self.deploy("2", strategy="rollingpush", termination={"concurrentRelaunches": 2})
        self.assertEqual(self.cluster(), [("demo-v000", "on", "2", 2, 4, 6)])
        self.deploy("3", strategy="canary", canary={"instances": 1})
        self.assertEqual(self.cluster(), [("demo-v000", "on", "2", 2, 4, 6)])
        self.deploy("4", strategy="rollingRedBlack", targetPercentages=[25, 50])
        self.assertEqual(self.cluster(), [("demo-v000", "off", "2", 2, 4, 6), ("demo-v001", "on", "4", 2, 4, 6)])

    def test_a_preview_against_what_runs(self):
        self.deploy("1", env={"LEVEL": "info"})
        self.server.save_pipeline({"application": "demo", "name": "Deploy", "stages": list(
            self.stages("2", {"strategy": "redblack", "env": {"LEVEL": "debug"}, "capacity": {"min": 2, "max": 6, "desired": 5}}))})
        plan = self.server.post("/pipelines/plan", {"application": "demo", "pipeline": "Deploy"}).json
        operation = plan["stages"][1]["before"][0]["operations"][0]
        self.assertEqual(operation["preview"]["against"], "demo-v000")
        changes = {change["field"]: (change.get("from"), change.get("to")) for change in operation["preview"]["changes"]}
        self.assertEqual({field: changes[field] for field in changes if field != "image"},
                         {"env.LEVEL": ("info", "debug"), "capacity.desired": (4, 5)})
        self.assertIn("demo 2", changes["image"][1])
        text = self.server.command("pipeline", "plan", "--application", "demo", "--name", "Deploy").stdout
        for line in ("against demo-v000", "- env.LEVEL: info", "+ env.LEVEL: debug", "- capacity.desired: 4", "+ capacity.desired: 5"):
            self.assertIn(line, text)

    def test_a_guard_refuses_before_it_begins(self):
        self.deploy("1")
        guarded = {"name": "demo", "email": "demo@example.com",
                   "trafficGuards": [{"account": "*", "location": "*", "stack": "*", "detail": "*"}]}
        job = {"type": "updateApplication", "application": guarded}
        answer = self.server.post("/tasks", {"application": "demo", "description": "guard", "job": [job]})
        self.assertEqual(answer.status, 200, answer)
        self.server.wait_for(answer.json["ref"].rsplit("/", 1)[1])
        ended = self.deploy("2", "TERMINAL", strategy="redblack", capacity={"min": 0, "max": 0, "desired": 0})
        self.assertIn("cluster 'demo' in sandbox/north has traffic guards enabled (set by demo@example.com). Strategy redblack would leave the "
                      "cluster with no instances up: the new server group begins with 0 instances", json.dumps(ended))
        self.assertEqual(self.cluster(), [("demo-v000", "on", "1", 2, 4, 6)])


if __name__ == "__main__":
    main()
