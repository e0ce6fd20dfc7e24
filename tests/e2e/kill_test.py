"""SIGKILL at 200 random points of pipelines: each ends as if nothing had happened, and no operation happens twice."""

import collections
import os
import random
import time
import unittest

from harness import Server, demo_source, deploy_config, free_port, main, outline, processes_in

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))


def pipeline(port, launches):
    """Operations of every sort, and small stages between them."""
    config = deploy_config(port, name="Everything", env={"SLOW_START_MS": "50", "LAUNCH_LOG": launches},
                           capacity={"min": 1, "max": 1, "desired": 1}, strategy="highlander")
    target = {"cloudProvider": "local", "credentials": "local", "region": "local", "cluster": "demo",
              "target": "current_asg_dynamic"}
    steps = [{"type": "wait", "waitTime": 0}] * 3 + [
        {"type": "disableServerGroup", **target},
        {"type": "enableServerGroup", **target},
        {"type": "wait", "waitTime": 0},
        {"type": "resizeServerGroup", "action": "scale_exact", "capacity": {"min": 2, "max": 2, "desired": 2}, **target},
        {"type": "resizeServerGroup", "action": "scale_exact", "capacity": {"min": 1, "max": 1, "desired": 1}, **target},
        {"type": "checkPreconditions", "preconditions": [{"type": "expression", "context": {"expression": "true"}}]},
    ]
    for number, step in enumerate(steps, start=4):
        config["stages"].append({**step, "name": f"Step {number}", "refId": str(number),
                                 "requisiteStageRefIds": [str(number - 1)]})
    return config


class Killed(unittest.TestCase):
    def test_at_random_points(self):
        print(f"\nSEED={SEED} KILLS={KILLS}")
        chance = random.Random(SEED)
        with Server() as server:
            launches = os.path.join(server.data, "launches.txt")
            server.save_application()
            server.save_pipeline(pipeline(free_port(), launches))
            source = demo_source(server.data, "1")
            kills, executions, points = 0, [], collections.Counter()
            while kills < KILLS:
                execution = server.run("Everything", {"version": "1", "source": source})
                executions.append(execution)
                while kills < KILLS:
                    time.sleep(chance.uniform(0, 0.35))
                    now = server.execution(execution)
                    if now["status"] != "RUNNING":
                        break
                    points.update(s["type"] for s in now["stages"] if s["status"] == "RUNNING")
                    server.kill()
                    kills += 1
                    server.start()
            for execution in executions:
                ended = server.wait_for(execution, 120)
                self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
                self.assertTrue(all(s["status"] == "SUCCEEDED" for s in ended["stages"]), outline(ended))
            self.check_operations(server, launches, len(executions))
            print(f"{kills} kills in {len(executions)} pipelines, while these ran: {dict(points)}")

    def check_operations(self, server, launches, executions):
        groups = server.server_groups()
        newest = f"demo-v{executions - 1:03d}"
        self.assertEqual([g["name"] for g in groups], [newest], "one server group a deployment, and only the last is left")
        self.assertEqual(groups[0]["instanceCounts"]["total"], 1)
        with open(launches) as file:
            started = [line.split() for line in file]
        # Each deployment starts instance 0, each resize up instance 1: twice would be an operation done twice.
        names = collections.Counter(" ".join(words[:2]) for words in started)
        twice = {name: count for name, count in names.items() if count != 1}
        self.assertEqual(twice, {}, "processes that were started more than once")
        self.assertEqual(len(started), 2 * executions)
        services = [pid for pid in processes_in(server.data) if is_service(pid)]
        self.assertEqual(len(services), 1, "no process is left over")


def is_service(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip() == "demo-service"
    except OSError:
        return False


if __name__ == "__main__":
    main()
