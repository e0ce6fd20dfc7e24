#!/usr/bin/env python3
"""The server as a whole: time from exec to the first good /health, memory when idle, and requests a second beside
HAProxy answering by itself on one thread. Run by ./dev bench, which sets GENNAKER; needs wrk and HAProxy."""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from measuring import GENNAKER, Server, free_port, memory_mb, wait_until

STARTS = 20
EXECUTIONS = 1000
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))


def healthy(port):
    """Whether GET /health answers 200, with as little work on our side as can be."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def start_up(data):
    """Milliseconds from exec to the first good /health."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen([GENNAKER, "serve", "--data", data, "--port", str(port), "--log-level", "error"])
    try:
        while not healthy(port):
            if time.perf_counter() - began > 10:
                raise SystemExit("the server did not come up")
            time.sleep(0.0005)
        return 1000 * (time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def requests_a_second(url):
    result = subprocess.run(["wrk", "-t1", "-c32", f"-d{SECONDS}s", url], capture_output=True, text=True, check=True)
    if "Non-2xx" in result.stdout:
        raise SystemExit(f"{url}: {result.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", result.stdout).group(1))


class Reference:
    """HAProxy that answers with a text of the same length, on one thread."""

    def __init__(self, body):
        self.folder = tempfile.mkdtemp(prefix="gennaker-bench-")
        self.port = free_port()
        with open(os.path.join(self.folder, "body"), "w") as file:
            file.write(body)
        config = os.path.join(self.folder, "haproxy.cfg")
        with open(config, "w") as file:
            file.write("global\n  nbthread 1\n  tune.bufsize 4194304\ndefaults\n  mode http\n  timeout client 10s\n  timeout server 10s\n"
                       f"  timeout connect 1s\nfrontend f\n  bind 127.0.0.1:{self.port}\n"
                       f"  http-request return status 200 content-type application/json file {self.folder}/body\n")
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", config], stderr=subprocess.DEVNULL)
        wait_until(lambda: healthy(self.port), 5, "HAProxy answers")

    def measure(self):
        try:
            return requests_a_second(f"http://127.0.0.1:{self.port}/")
        finally:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.folder)


def compare(name, server, path):
    ours = requests_a_second(f"http://127.0.0.1:{server.port}{path}")
    body = server.get(path).body
    reference = Reference(body).measure()
    print(f"{name:<34} {ours:>9.0f} requests/s   HAProxy, {len(body)} bytes: {reference:>9.0f}   ratio {ours / reference:.2f}")


def fill(server):
    """1,000 executions of one pipeline of ten stages."""
    server.save_application("bench")
    stages = [{"refId": str(i), "requisiteStageRefIds": [str(i - 1)] if i else [], "type": "wait", "waitTime": 0,
               "name": f"Short stage {i}"} for i in range(10)]
    server.save_pipeline({"application": "bench", "name": "ten", "stages": stages})
    last = [server.run("ten", application="bench") for _ in range(EXECUTIONS)][-1]
    server.wait_for(last)


def main():
    data = tempfile.mkdtemp(prefix="gennaker-bench-")
    times = [start_up(data) for _ in range(STARTS)]
    shutil.rmtree(data)
    bare = [time_of(["/bin/true"]) for _ in range(STARTS)]
    print(f"{'exec to the first good /health':<34} {statistics.median(times):>9.1f} ms (median of {STARTS}, {min(times):.1f} to "
          f"{max(times):.1f})   /bin/true: {statistics.median(bare):.1f} ms")
    with Server() as server:
        time.sleep(2)
        print(f"{'resident memory, idle':<34} {memory_mb(server.process.pid):>9.1f} MB")
        compare("GET /health", server, "/health")
        fill(server)
        time.sleep(2)
        print(f"{'resident memory, 1,000 executions':<34} {memory_mb(server.process.pid):>9.1f} MB")
        compare("50 of 1,000 executions", server, "/applications/bench/pipelines?limit=50&expand=false")
        compare("50 of 1,000 executions, expanded", server, "/applications/bench/pipelines?limit=50")


def time_of(command):
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
