"""What the measurements of the whole server share: what a process uses, percentiles, connections that are kept."""

import contextlib
import http.client
import json
import os
import re
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import COMPLETE, GENNAKER, Server, free_port, wait_until  # noqa: E402,F401

TICKS = os.sysconf("SC_CLK_TCK")


def memory_mb(pid, what="VmRSS"):
    """`what`: VmRSS now, VmHWM at most so far."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(what + r":\s+(\d+)", file.read()).group(1)) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def bytes_written(pid):
    """To files, as the process asked for it."""
    with open(f"/proc/{pid}/io") as file:
        return int(re.search(r"wchar: (\d+)", file.read()).group(1))


def percentile(values, part):
    """`part`: 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def milliseconds(seconds):
    """Of many times in seconds: the middle, p99 and the longest."""
    return (f"median {1000 * percentile(seconds, 0.5):.2f}, p99 {1000 * percentile(seconds, 0.99):.2f}, "
            f"longest {1000 * max(seconds):.2f} ms, of {len(seconds)}")


def line(name, text):
    print(f"{name:<44} {text}", flush=True)


class Kept:
    """One connection to the server that is kept open; for one thread."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()

    def request(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content

    def start(self, application, name, parameters=None):
        """The id of the execution."""
        content = self.request("POST", f"/pipelines/{application}/{name}",
                               {"type": "manual", "parameters": parameters or {}})
        return json.loads(content)["ref"].rsplit("/", 1)[1]


def start_many(server, count, application, name, callers=16):
    """Starts `count` executions of a pipeline over a few connections."""
    def call(number):
        connection = Kept(server.port)
        for _ in range(number, count, callers):
            connection.start(application, name)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def unfinished(server):
    """How many executions have not ended, as the store says."""
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/gennaker.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM executions WHERE complete = 0").fetchone()[0]


def chain(*stages):
    """Stages one after another, given without what makes them a chain."""
    return [{"refId": str(place), "requisiteStageRefIds": [str(place - 1)] if place else [],
             "name": f"Stage {place}", **stage} for place, stage in enumerate(stages)]
