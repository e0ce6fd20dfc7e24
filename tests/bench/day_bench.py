#!/usr/bin/env python3
"""A day of a large bank in a minute: 25,000 pipelines of 5 stages with 4 tasks each on a simulated cloud, from the
first API call to the end of the last. The real binary, the real API, the real stages. Run by ./dev bench."""

import os
import sqlite3
import sys
import threading
import time

from measuring import Kept, Server, cpu_seconds, line, memory_mb, wait_until

PIPELINES = int(os.environ.get("BENCH_DAY_PIPELINES", "25000"))
APPLICATIONS = 250
PIPELINES_OF_EACH = 4
ACCOUNTS = 50
CALLERS = 16
IN_FLIGHT = 1000
PATIENCE = 1200


def account_of(application):
    return f"account{application % ACCOUNTS}"


def pipeline(application, number, image):
    """Two versions are deployed, the older loses its traffic, both go: 4 tasks a stage, with those of the stages that
    each brings along. What it deploys is named after the run, so that runs of one pipeline do not meet."""
    where = {"cloudProvider": "simulated", "credentials": account_of(application), "regions": ["here"],
             "cluster": f"app{application}-${{parameters.run}}"}
    cluster = {"account": account_of(application), "application": f"app{application}", "cloudProvider": "simulated",
               "region": "here", "stack": "${parameters.run}", "imageId": image,
               "capacity": {"min": 2, "max": 2, "desired": 2}}
    stages = [
        {"type": "deploy", "name": "Deploy the first version", "clusters": [cluster]},
        {"type": "deploy", "name": "Deploy the next version", "clusters": [cluster]},
        {"type": "disableServerGroup", "name": "Take the first out", "target": "oldest_asg_dynamic", **where},
        {"type": "destroyServerGroup", "name": "Destroy the first", "target": "oldest_asg_dynamic", **where},
        {"type": "destroyServerGroup", "name": "Destroy the next", "target": "current_asg_dynamic", **where},
    ]
    for place, stage in enumerate(stages):
        stage.update(refId=str(place), requisiteStageRefIds=[str(place - 1)] if place else [])
    return {"application": f"app{application}", "name": f"p{number}", "stages": stages,
            "parameterConfig": [{"name": "run", "required": True}]}


def bake(server, account):
    """The id of the image that the account's deployments use."""
    execution = server.run_stages({"refId": "1", "type": "bake", "name": "Bake", "cloudProvider": "simulated",
                                   "credentials": account, "region": "here", "imageName": "service",
                                   "version": "1", "source": "/"})
    stages = server.wait_for(execution)["stages"]
    return next(stage["context"]["imageId"] for stage in stages if "imageId" in stage["context"])


def set_up(server):
    images = {account: bake(server, account) for account in (f"account{number}" for number in range(ACCOUNTS))}
    for application in range(APPLICATIONS):
        for number in range(PIPELINES_OF_EACH):
            server.save_pipeline(pipeline(application, number, images[account_of(application)]))


class Day:
    """Starts the pipelines, so many in flight together, and knows how many have ended."""

    def __init__(self, server):
        self.server = server
        self.database = sqlite3.connect(f"file:{server.data}/gennaker.db?mode=ro", uri=True, check_same_thread=False)
        self.before = self.complete()
        self.lock = threading.Lock()
        self.started = 0
        self.ended = 0

    def count(self, condition):
        return self.database.execute(f"SELECT count(*) FROM executions WHERE {condition}").fetchone()[0]

    def complete(self):
        # Both counts are an index's: counting the complete ones would read all there is.
        return self.count("1") - self.count("complete = 0")

    def next(self):
        """The number of the next pipeline to start, or None."""
        with self.lock:
            if self.started == PIPELINES:
                return None
            self.started += 1
            return self.started - 1

    def call(self):
        connection = Kept(self.server.port)
        while (number := self.next()) is not None:
            while number - self.ended > IN_FLIGHT:
                time.sleep(0.005)
            application = number % APPLICATIONS
            connection.start(f"app{application}", f"p{number // APPLICATIONS % PIPELINES_OF_EACH}", {"run": f"r{number}"})

    def run(self):
        """Seconds from the first call to the end of the last execution."""
        began = time.monotonic()
        callers = [threading.Thread(target=self.call) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        while self.ended < PIPELINES:
            time.sleep(0.05)
            # What was asked for and is not stored yet counts as in flight.
            self.ended = self.complete() - self.before
            if time.monotonic() - began > PATIENCE:
                sys.exit(f"{PIPELINES - self.ended} executions had not ended after {PATIENCE} s")
        for caller in callers:
            caller.join()
        return time.monotonic() - began


def check(server, day):
    failed = day.count("status <> 'SUCCEEDED'")
    if failed:
        sys.exit(f"{failed} executions did not succeed")
    last = day.database.execute("SELECT id FROM executions ORDER BY build_time DESC LIMIT 1").fetchone()[0]
    stages = server.execution(last)["stages"]
    tasks = sum(len(stage["tasks"]) for stage in stages)
    if tasks != 20:
        sys.exit(f"an execution had {tasks} tasks, not 20")
    return len(stages)


def main():
    accounts = ", ".join(f"account{number}" for number in range(ACCOUNTS))
    with Server(local=f"simulated:\n  accounts: [{accounts}]\n") as server:
        set_up(server)
        pid = server.process.pid
        day = Day(server)
        used = cpu_seconds(pid)
        seconds = day.run()
        used = cpu_seconds(pid) - used
        wait_until(lambda: day.count("complete = 0") == 0, 10, "all have ended")
        stages = check(server, day)
        line(f"{PIPELINES:,} pipelines of 5 stages, 20 tasks", f"{seconds:.1f} s ({PIPELINES / seconds:.0f} pipelines/s, "
             f"{20 * PIPELINES / seconds:.0f} tasks/s, {stages * PIPELINES / seconds:.0f} stages/s with those they bring along)")
        line("processor time of the server", f"{used:.1f} s ({100 * used / seconds:.0f} % of one core)")
        line("resident memory at most", f"{memory_mb(pid, 'VmHWM'):.1f} MB")


if __name__ == "__main__":
    main()
