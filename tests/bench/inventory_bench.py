#!/usr/bin/env python3
"""The inventory of a large user: 100,000 instances in 5,000 server groups on simulated clouds. What it takes of memory, how soon a
change is seen through the API, and how long the view of an application with 1,000 instances takes. Run by ./dev bench."""

import json
import os
import random
import threading
import time

from measuring import Kept, Server, line, memory_mb, milliseconds, wait_until

GROUPS = int(os.environ.get("BENCH_GROUPS", "5000"))
SIZE = 20
GROUPS_OF_AN_APPLICATION = 50
ACCOUNTS = 5
APPLICATIONS = GROUPS // GROUPS_OF_AN_APPLICATION
WORKERS = 8
CHANGES = 500
VIEWS = 1000


def ask(kept, method, path, body=None):
    return json.loads(kept.request(method, path, body))


def account_of(number):
    return f"account{number % ACCOUNTS}"


def deployment(number):
    """One server group of an application: a cluster of its own."""
    account, application = account_of(number), f"app{number // GROUPS_OF_AN_APPLICATION}"
    place = {"cloudProvider": "simulated", "region": "north"}
    return application, [{"refId": "1", "type": "createServerGroup", "account": account, "application": application,
                          "stack": f"s{number}", "imageId": "demo", "capacity": {"min": 1, "max": 100, "desired": SIZE}, **place}]


def start(kept, application, stages):
    answer = ask(kept, "POST", "/tasks", {"application": application, "description": "bench", "job": stages})
    return answer["ref"].rsplit("/", 1)[1]


def deploy_all(server):
    def work(worker):
        kept = Kept(server.port)
        for number in range(worker, GROUPS, WORKERS):
            start(kept, *deployment(number))

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main():
    names = ", ".join(f"account{i}" for i in range(ACCOUNTS))
    with Server(local=f"simulated:\n  accounts: [{names}]\n  regions: [north]\n") as server:
        kept = Kept(server.port)
        for i in range(ACCOUNTS):
            bake = {"type": "bake", "credentials": f"account{i}", "imageName": "demo", "version": "1", "source": "/",
                    "cloudProvider": "simulated", "region": "north"}
            server.wait_for(start(kept, "bench", [bake]))
        before = memory_mb(server.process.pid)
        began = time.monotonic()
        deploy_all(server)
        last = f"app{APPLICATIONS - 1}"
        wait_until(lambda: len(server.get(f"/applications/{last}/serverGroups").json) == GROUPS_OF_AN_APPLICATION, 600, "all are there")
        total = sum(len(server.get(f"/applications/app{i}/serverGroups").json) for i in range(APPLICATIONS))
        assert total == GROUPS, total
        line("server groups, instances", f"{total:,}, {total * SIZE:,}, deployed in {time.monotonic() - began:.0f} s")
        time.sleep(5)
        line("memory (wanted: below 300 MB)", f"{memory_mb(server.process.pid):.0f} MB, {before:.0f} without them, "
                                              f"at most {memory_mb(server.process.pid, 'VmHWM'):.0f}")
        chance = random.Random(1)
        seen = []
        for _ in range(CHANGES):
            number = chance.randrange(GROUPS)
            application, account = f"app{number // GROUPS_OF_AN_APPLICATION}", account_of(number)
            name, size = f"{application}-s{number}-v000", chance.randrange(2, 19)
            path = f"/applications/{application}/serverGroups/{account}/north/{name}"
            resize = {"type": "resizeServerGroup", "credentials": account, "cloudProvider": "simulated", "region": "north",
                      "serverGroupName": name, "capacity": {"min": 1, "max": 100, "desired": size}}
            sent = time.perf_counter()
            start(kept, application, [resize])
            while ask(kept, "GET", path)["capacity"]["desired"] != size:
                assert time.perf_counter() - sent < 10, name
            seen.append(time.perf_counter() - sent)
        line("from the call to the change seen (50 ms)", milliseconds(seen))
        views, nothing = [], []
        for i in range(VIEWS):
            asked = time.perf_counter()
            kept.request("GET", "/applications/nobody/serverGroups?expand=true")
            nothing.append(time.perf_counter() - asked)
            asked = time.perf_counter()
            groups = kept.request("GET", f"/applications/app{i % APPLICATIONS}/serverGroups?expand=true")
            views.append(time.perf_counter() - asked)
            assert len(json.loads(groups)) == GROUPS_OF_AN_APPLICATION
        line("view of no instance, for comparison", milliseconds(nothing))
        line("view of 1,000 instances (p99 10 ms)", milliseconds(views))


if __name__ == "__main__":
    main()
