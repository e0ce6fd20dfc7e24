#!/usr/bin/env python3
"""The peer: Temporal's development server with its SQLite store, and a workflow of ten activities; beside it Gennaker and a
pipeline of ten stages. Both get 2 KB with each, both keep every step on the same disk. Run by ./dev bench, which sets
TEMPORAL and TEMPORAL_BENCH."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from measuring import Server, chain, free_port, line, memory_mb, milliseconds, start_many, unfinished, wait_until
from latency_bench import PAUSE, Stream

TOGETHER = int(os.environ.get("BENCH_WORKFLOWS", "100"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ALONE = int(os.environ.get("BENCH_ALONE", "30"))
STEPS = 10


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Temporal:
    """A development server of its own, on a database of its own."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="gennaker-bench-")
        self.port = free_port()
        self.process = subprocess.Popen(
            [os.environ["TEMPORAL"], "server", "start-dev", "--headless", "--port", str(self.port), "--log-level", "error",
             "--db-filename", os.path.join(self.folder, "temporal.db")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), 60, "Temporal listens")
        time.sleep(2)  # its own workflows are set up
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self):
        output = subprocess.run([os.environ["TEMPORAL_BENCH"], "-address", f"127.0.0.1:{self.port}", "-workflows",
                                 str(TOGETHER), "-rounds", str(ALONE)], stdout=subprocess.PIPE, check=True, timeout=900).stdout
        found = json.loads(output)
        return found["seconds"], found["one_by_one"], memory_mb(self.process.pid, "VmHWM")


class Gennaker(Server):
    def measure(self):
        settings = {"settings": "x" * 2048}
        self.save_pipeline({"application": "bench", "name": "ten",
                            "stages": chain(*[{"type": "wait", "waitTime": 0, **settings}] * STEPS)})
        stream = Stream(self.port, "bench")
        times = [self.one(stream) for _ in range(ALONE)]
        stream.socket.close()
        began = time.monotonic()
        start_many(self, TOGETHER, "bench", "ten")
        wait_until(lambda: unfinished(self) == 0, 300, "all have ended")
        return time.monotonic() - began, times, memory_mb(self.process.pid, "VmHWM")

    def one(self, stream):
        time.sleep(PAUSE)
        began = time.perf_counter()
        self.run("ten", application="bench")
        while True:
            now, changes = stream.next()
            if any(change["execution"]["status"] == "SUCCEEDED" for change in changes):
                return now - began


def best(results):
    """Of several rounds, each figure's best."""
    return (min(seconds for seconds, _, _ in results), min((times for _, times, _ in results), key=sum),
            min(memory for _, _, memory in results))


def show(name, what, step, result):
    seconds, times, memory = result
    line(name, f"{TOGETHER / seconds:.0f} {what}/s, {STEPS * TOGETHER / seconds:.0f} {step}/s; one alone: "
         f"{milliseconds(times)}; memory at most {memory:.0f} MB")


def main():
    results = {Temporal: [], Gennaker: []}
    for _ in range(ROUNDS):  # in turns: whatever else the machine does takes time from both
        for kind, found in results.items():
            with kind() as server:
                found.append(server.measure())
    theirs, ours = best(results[Temporal]), best(results[Gennaker])
    show("Temporal's development server", "workflows", "activities", theirs)
    show("Gennaker", "pipelines", "stages", ours)
    line("ratio, started together", f"{theirs[0] / ours[0]:.1f}")
    line("ratio, one alone", f"{sum(theirs[1]) / sum(ours[1]):.1f}")


if __name__ == "__main__":
    main()
