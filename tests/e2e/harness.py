"""Starts the real binary with a data folder of its own, and speaks to it as clients do."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release")
GENNAKER = os.environ.get("GENNAKER", os.path.join(BUILD, "gennaker"))
DEMO_SERVICE = os.environ.get("DEMO_SERVICE", os.path.join(BUILD, "examples/demo-service/demo-service"))
DEMO_CLIENT = os.environ.get("DEMO_CLIENT", os.path.join(BUILD, "examples/demo-client/demo-client"))
COMPLETE = {"SUCCEEDED", "TERMINAL", "CANCELED", "STOPPED", "SKIPPED", "FAILED_CONTINUE"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Server:
    """A Gennaker of its own. Use as a context manager: nothing that it started is left behind."""

    def __init__(self, local="", store="", awaits="/health"):
        """`local`: more lines for that section of the configuration file. `store`: a URL. `awaits`: what answers with
        200 when it has started."""
        self.data = tempfile.mkdtemp(prefix="gennaker-e2e-")
        self.port = free_port()
        first = 30000 + (os.getpid() * 97) % 20000 // 200 * 200
        self.config = os.path.join(self.data, "config.yaml")
        with open(self.config, "w") as file:
            file.write(f"local:\n  firstPort: {first}\n  lastPort: {first + 199}\n{local}")
        self.store = ["--store", store] if store else []
        self.awaits = awaits
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        for name in ("TERM", "KILL"):
            for pid in processes_in(self.data):
                try:
                    os.kill(pid, getattr(signal, "SIG" + name))
                except ProcessLookupError:
                    pass
            wait_until(lambda: not processes_in(self.data), 10, "our processes end", must=False)
        subprocess.run(["chmod", "-R", "u+w", self.data], check=False)
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        log = open(os.path.join(self.data, "server.log"), "ab")
        self.process = subprocess.Popen(
            [GENNAKER, "serve", "--data", self.data, "--port", str(self.port), "--config", self.config,
             *self.store],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.get(self.awaits).status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError("the server did not come up:\n" + self.log())

    def kill(self):
        """As a crash would: SIGKILL."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=20)

    def log(self, most=4000):
        """What it said last."""
        with open(os.path.join(self.data, "server.log"), errors="replace") as file:
            return file.read()[-most:]

    # --- HTTP ---

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            text = body if isinstance(body, (str, bytes)) or body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, body)

    # --- what tests want ---

    def environment(self):
        """The command line's: this server's address, and nothing that was said of others."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith("GENNAKER")}
        return {**keep, "GENNAKER_GATE": f"http://127.0.0.1:{self.port}", "LANG": "C.UTF-8"}

    def command(self, *arguments, stdin="", **more):
        """Runs the command line against this server; `more` goes into its environment."""
        return subprocess.run([GENNAKER, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                              env={**self.environment(), **more}, check=False)

    def save_application(self, name="demo"):
        ref = self.post("/tasks", {"application": name, "description": "create", "job": [
            {"type": "createApplication", "application": {"name": name, "email": "a@example.com"}}]}).json["ref"]
        task = wait_until(lambda: complete(self.get(ref)), 10, "the application is saved")
        assert task["status"] == "SUCCEEDED", task

    def save_pipeline(self, config):
        answer = self.post("/pipelines", config)
        assert answer.status == 200, answer
        return config["name"]

    def run(self, name, parameters=None, application="demo"):
        path = "/pipelines/{}/{}".format(application, name.replace(" ", "%20"))
        answer = self.post(path, {"type": "manual", "parameters": parameters or {}})
        assert answer.status == 202, answer
        return answer.json["ref"].rsplit("/", 1)[1]

    def run_stages(self, *stages, **more):
        """Starts a pipeline that is not saved; its id."""
        answer = self.post("/pipelines/start", {"application": "demo", "name": "Unsaved", "stages": stages, **more})
        assert answer.status == 200, answer
        return answer.json["ref"].rsplit("/", 1)[1]

    def execution(self, id):
        return self.get("/pipelines/" + id).json

    def wait_for(self, id, patience=60):
        def ended():
            try:
                execution = self.execution(id)
            except OSError:
                return None
            return execution if execution.get("status") in COMPLETE else None
        try:
            return wait_until(ended, patience, f"execution {id} ends")
        except AssertionError:
            raise AssertionError(f"execution {id} did not end: {outline(self.execution(id))}\n{self.log()}")

    def wait_for_stage(self, id, ref_id, status="RUNNING", patience=20):
        def look():
            stages = [s for s in self.execution(id)["stages"] if s["refId"] == ref_id and s["status"] == status]
            return stages[0] if stages else None
        return wait_until(look, patience, f"stage {ref_id} is {status}")

    def balancer_servers(self):
        """What HAProxy itself says: [(load balancer, instance)]."""
        path = os.path.join(self.data, "local/local/haproxy/runtime.sock")
        with socket.socket(socket.AF_UNIX) as runtime:
            try:
                runtime.connect(path)
            except OSError:
                return []  # no load balancer, no HAProxy
            runtime.sendall(b"show servers state\n")
            text = b"".join(iter(lambda: runtime.recv(65536), b"")).decode()
        lines = [line.split() for line in text.splitlines()[1:] if line and not line.startswith("#")]
        return sorted((line[1], line[3]) for line in lines)

    def server_groups(self, application="demo"):
        return self.get(f"/applications/{application}/serverGroups").json


def complete(answer):
    return answer.json if answer.status == 200 and answer.json["status"] in COMPLETE else None


def outline(execution):
    return [(s["refId"], s["type"], s["status"], s["context"].get("waitingFor"),
             (s["context"].get("exception") or {}).get("details", {}).get("errors")) for s in execution["stages"]]


def errors_of(execution):
    found = []
    for stage in execution["stages"]:
        exception = stage["context"].get("exception") or {}
        found += exception.get("details", {}).get("errors") or []
    return "\n".join(found)


def wait_until(look, patience, what, must=True, pause=0.02):
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            if must:
                raise AssertionError(f"not within {patience} s: {what}")
            return found
        time.sleep(pause)


def processes_in(folder):
    """Pids of processes that work in the folder or have a path in it among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        try:
            cwd = os.readlink(f"/proc/{pid}/cwd")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                arguments = file.read().decode(errors="replace")
            with open(f"/proc/{pid}/stat") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and (cwd.startswith(folder) or folder in arguments):
            found.append(int(pid))
    return found


def demo_source(folder, version):
    """A folder to bake: the demo service and its version."""
    path = os.path.join(folder, f"source-{version}")
    os.makedirs(path, exist_ok=True)
    shutil.copy(DEMO_SERVICE, os.path.join(path, "demo-service"))
    with open(os.path.join(path, "VERSION"), "w") as file:
        file.write(f"{version}\n")
    return path


class Cloud:
    """Where deployments of the demo service go: here the server's own machine."""

    name, account, region = "local", "local", "local"
    config = ""  # sections of the server's configuration file
    settings = {"command": ["./demo-service"]}  # of a server group

    @property
    def where(self):
        """The fields that name it in a stage."""
        return {"cloudProvider": self.name, "credentials": self.account, "region": self.region}

    def source(self, folder, version):
        return demo_source(folder, version)

    def close(self):
        pass


def deploy_config(port, name="Deploy", cloud=Cloud(), **cluster):
    """Bake, load balancer and a red/black deployment of two instances."""
    return {
        "application": "demo", "name": name,
        "parameterConfig": [{"name": "version", "required": True}, {"name": "source", "required": True}],
        "stages": [
            {"refId": "1", "type": "bake", "name": "Bake", **cloud.where, "imageName": "demo",
             "version": "${ parameters.version }", "source": "${ parameters.source }"},
            {"refId": "2", "type": "upsertLoadBalancer", "name": "Load balancer", **cloud.where,
             "loadBalancerName": "demo", "port": port},
            {"refId": "3", "requisiteStageRefIds": ["1", "2"], "type": "deploy", "name": "Deploy", "clusters": [{
                "account": cloud.account, "application": "demo", "cloudProvider": cloud.name, "region": cloud.region,
                "strategy": "redblack", "capacity": {"min": 2, "max": 2, "desired": 2}, "loadBalancers": ["demo"],
                "env": {"SLOW_START_MS": "200"}, **cloud.settings,
                "healthCheck": {"type": "http", "path": "/health", "intervalMs": 100}, **cluster}]},
        ],
    }


def main():
    """Runs the calling module's tests; the last line is what ./dev counts."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
