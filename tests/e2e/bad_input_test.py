"""Whatever a person can do wrong gets a message that says what and why, and nothing is left half-done."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import (GENNAKER, Server, demo_source, errors_of, free_port, main, outline, processes_in, wait_until)

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
            self.stages(command=["/bin/sh", "-c", "echo no database >&2; exit 3"], healthTimeoutMs=1500),
            "demo-v", "exited with status 3")
        self.assertIn("1.5 s", errors_of(execution))

    def test_a_health_check_that_never_passes(self):
        self.assert_fails(self.stages(healthCheck={"type": "http", "path": "/nowhere", "intervalMs": 100},
                                      healthTimeoutMs=1500), "0 of 1 instances", "404")

    def test_a_failed_red_black_deployment_leaves_what_served(self):
        good = self.server.wait_for(self.server.run_stages(*self.stages()))
        self.assertEqual(good["status"], "SUCCEEDED", outline(good))
        before = self.server.balancer_servers()
        self.assertEqual(len(before), 1)
        bad = self.server.wait_for(self.server.run_stages(*self.stages(
            strategy="redblack", command=["/bin/false"], healthTimeoutMs=1000)))
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
        self.assertTrue(processes_in(self.groups_directory()))
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
