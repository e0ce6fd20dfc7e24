#!/usr/bin/env python3
"""Does a request fail while a strategy moves the traffic: when all goes well, when the new image never becomes healthy, when it
dies after a while, and when the server is killed in the middle? Clients ask HAProxy at a fixed rate, half of them on connections
that they keep, half on new ones. Run by ./dev bench; the table is kept in docs/strategies.md. BENCH_CLOUD=docker: containers of
a Podman that is started for it, in place of processes."""

import contextlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from measuring import Server, free_port, wait_until
from harness import DEMO_CLIENT, Cloud, deploy_config, outline
from docker_cloud import DockerCloud

RATE = int(os.environ.get("BENCH_RATE", "1000"))  # requests a second
THREADS = 4  # of each kind of client
DIES_AFTER = 4  # seconds; every strategy that can see it is still on its way then
PAUSE = 7  # seconds that a strategy gives both to serve, where it has such a field

BACK = {"rollback": {"onFailure": True, "destroyLatest": True}}
STRATEGIES = {
    "none": {"strategy": "none"},
    "highlander": {"strategy": "highlander"},
    "redblack": {"strategy": "redblack", "delayBeforeDisableSec": PAUSE, "maxRemainingAsgs": 2},
    "rollingredblack": {"strategy": "rollingredblack", "targetPercentages": [50, 100], "delayBeforeCleanup": PAUSE},
    "monitored": {"strategy": "monitored", "deploySteps": [50, 100], "deploymentMonitor": {"id": "judge"},
                  "failureActions": {"rollback": "Automatic", "destroyInstances": True}},
    "rollingpush": {"strategy": "rollingpush", "termination": {"concurrentRelaunches": 1, "waitTime": PAUSE}},
    "canary": {"strategy": "canary", "canary": {"instances": 1, "seconds": PAUSE}},
    "custom": {"strategy": "custom", "strategyApplication": "demo", "strategyPipeline": "careful"},
}
CASES = ("goes well", "never healthy", "dies after a while", "server killed")
# It has destroyed what served before anybody can see that the new one dies.
IMPOSSIBLE = {("highlander", "dies after a while")}


class Judgment(http.server.BaseHTTPRequestHandler):
    """A deployment monitor: it waits a while, then looks whether all of the new server group still serves."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        directive = "continue"
        if self.path.endswith("evaluateHealth"):
            time.sleep(PAUSE)
            sick = [g["name"] for g in self.server.gate.server_groups()
                    if g["name"] == body["newServerGroup"] and g["instanceCounts"]["up"] < g["instanceCounts"]["total"]]
            directive = "abort" if sick else "continue"
        answer = json.dumps({"nextStep": {"directive": directive}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except BrokenPipeError:
            pass  # the server was killed while it waited

    def log_message(self, *_):
        pass


class Clients:
    def __init__(self, port):
        self.process = subprocess.Popen([DEMO_CLIENT, str(port), str(THREADS), str(RATE)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def stop(self):
        """(sent, failed, what they said)"""
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=60)
        sent, failed = map(int, re.search(r"(\d+) requests sent, (\d+) failed", text).groups())
        return sent, failed, text


class Bench:
    def __init__(self, server, cloud):
        self.server, self.cloud, self.port, self.version = server, cloud, free_port(), 0
        # Containers take longer to start than processes.
        self.patience = 20000 if cloud.name == "docker" else 8000
        self.marks = tempfile.mkdtemp(prefix="marks-", dir=server.data)
        server.save_application()
        server.save_pipeline({
            "application": "demo", "name": "careful", "id": "careful", "strategy": True,
            "stages": [
                {"refId": "1", "type": "deploy", "name": "Deploy"},
                {"refId": "2", "type": "wait", "waitTime": PAUSE, "requisiteStageRefIds": ["1"]},
                {"refId": "3", "type": "waitForUpInstances", "requisiteStageRefIds": ["2"],
                 "credentials": cloud.account, "regions": [cloud.region], "cluster": "demo", "target": "current_asg_dynamic", "healthTimeoutMs": 8000},
                {"refId": "4", "type": "disableCluster", "name": "Disable", "requisiteStageRefIds": ["3"],
                 "remainingEnabledServerGroups": 1, "preferLargerOverNewer": False,
                 "cloudProvider": cloud.name, "credentials": cloud.account, "cluster": "demo", "regions": [cloud.region]}]})

    def start(self, strategy, **more):
        self.version += 1
        version = str(self.version)
        fields = {**BACK, **STRATEGIES[strategy], **more, "capacity": {"min": 4, "max": 4, "desired": 4},
                  "healthTimeoutMs": self.patience}
        config = {**deploy_config(self.port, cloud=self.cloud, **fields), "id": "deploy"}
        for stage in config["stages"]:
            if stage["type"] == "deploy":
                stage["stageTimeoutMs"] = 180000
        self.server.save_pipeline(config)
        return self.server.run("Deploy", {"version": version, "source": self.cloud.source(self.server.data, version)})

    def reset(self):
        """One server group of four that serves, and nothing else."""
        ended = self.server.wait_for(self.start("highlander"), 240)
        assert ended["status"] == "SUCCEEDED", outline(ended)
        serving = [g for g in self.server.server_groups() if not g["isDisabled"]]
        assert [g["instanceCounts"]["up"] for g in serving] == [4], serving

    def shape(self):
        return sorted((g["name"], g["isDisabled"], tuple(sorted(g["capacity"].items())), g["instanceCounts"]["up"])
                      for g in self.server.server_groups())

    def measure(self, strategy, case):
        self.reset()
        before = self.shape()
        env, more = {"SLOW_START_MS": "200"}, {}
        if case == "never healthy":
            env["UNHEALTHY"] = "1"
        if case == "dies after a while":
            env.update(DIE_AFTER_MS=str(DIES_AFTER * 1000), DIE_MARKS=self.marks)
            if self.cloud.name == "docker":
                more["mounts"] = [{"source": self.marks, "target": self.marks}]
        clients = Clients(self.port)
        try:
            id = self.start(strategy, env=env, **more)
            if case == "server killed":
                time.sleep(2)
                self.server.kill()
                time.sleep(1)
                self.server.start()
            ended = self.server.wait_for(id, 300)
            time.sleep(1)
        finally:
            sent, failed, text = clients.stop()
        if case in ("goes well", "server killed") and ended["status"] != "SUCCEEDED":
            print(outline(ended), file=sys.stderr)
        restored = ""
        if ended["status"] != "SUCCEEDED":
            try:
                wait_until(lambda: self.shape() == before, 10, "")
                restored = ", as before"
            except AssertionError:
                restored = ", NOT as before"
                print(before, "\n->", self.shape(), file=sys.stderr)
        if failed:
            print(text, file=sys.stderr)
        return ended["status"] + restored, sent, failed


def main():
    chosen = os.environ.get("BENCH_STRATEGIES", ",".join(STRATEGIES)).split(",")
    judge_port = free_port()
    # The section is the last of the harness's configuration file: what follows stands beside it.
    monitors = f"deploymentMonitor:\n  monitors:\n    - {{id: judge, baseUrl: 'http://127.0.0.1:{judge_port}'}}\n"
    print("| strategy | case | ends | requests | failed |\n|---|---|---|---|---|", flush=True)
    total = 0
    cloud = DockerCloud() if os.environ.get("BENCH_CLOUD") == "docker" else Cloud()
    with contextlib.closing(cloud), Server(local=monitors + cloud.config) as server:
        judge = http.server.ThreadingHTTPServer(("127.0.0.1", judge_port), Judgment)
        judge.daemon_threads, judge.gate = True, server
        threading.Thread(target=judge.serve_forever, daemon=True).start()
        bench = Bench(server, cloud)
        for strategy in chosen:
            for case in CASES:
                if (strategy, case) in IMPOSSIBLE:
                    print(f"| {strategy} | {case} | cannot be seen in time | | |", flush=True)
                    continue
                ends, sent, failed = bench.measure(strategy, case)
                total += failed
                print(f"| {strategy} | {case} | {ends} | {sent:,} | {failed} |", flush=True)
        judge.shutdown()
    print(f"{total} failed")


if __name__ == "__main__":
    main()
