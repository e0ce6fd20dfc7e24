"""Several servers that share one PostgreSQL, HAProxy before them, work on them, and everything that can happen to a
machine: killed, frozen, cut off from the database, stopped in good order; the database restarted, and failed over to a
standby. Nothing is lost."""

import collections
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from databases import PostgresServer
from event_stream import Stream
from harness import COMPLETE, Server, free_port, main, outline, wait_until

ROUNDS = int(os.environ.get("ROUNDS", "200"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
REPLICAS = 3
# KILLS=10000 kills so many times, and does nothing else, among more servers: some five a second, for KILL_MINUTES at most.
KILLS = int(os.environ.get("KILLS", "0"))
KILL_MINUTES = float(os.environ.get("KILL_MINUTES", "600"))
REPLICAS_TO_KILL = 8
JUDGES = 3
MOST_UNFINISHED = 400


class World(http.server.ThreadingHTTPServer):
    """What webhooks call: it counts who called."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A caller that was killed."""

    def __init__(self):
        self.calls = collections.Counter()
        calls, lock = self.calls, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    calls[body["execution"]] += 1
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/call"


class Proxy:
    """A way to the database that can be closed: packets go nowhere, connections stay."""

    def __init__(self, target):
        self.target, self.open = target, threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                self.open.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.open.set()
        self.listener.close()


class Balancer:
    """HAProxy before the servers; it asks each whether it is well."""

    def __init__(self, ports):
        self.folder = tempfile.mkdtemp(prefix="gennaker-haproxy-")
        self.port = free_port()
        servers = "\n".join(f"  server s{i} 127.0.0.1:{port} check inter 200 fall 1 rise 1" for i, port in enumerate(ports))
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w") as file:
            file.write(f"""defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option redispatch
  retries 3
frontend api
  bind 127.0.0.1:{self.port}
  default_backend servers
backend servers
  option httpchk GET /health
{servers}
""")
        self.process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()


def pipeline(world, limited):
    stages = [{"type": "wait", "waitTime": 0, "name": "Begin", "refId": "0", "requisiteStageRefIds": []},
              {"type": "webhook", "name": "Call", "refId": "1", "requisiteStageRefIds": ["0"], "method": "POST", "url": world.url,
               "payload": {"execution": "${execution.id}"}},
              {"type": "wait", "waitTime": 1, "name": "Think", "refId": "2", "requisiteStageRefIds": ["1"]},
              {"type": "manualJudgment", "name": "Judge", "refId": "3", "requisiteStageRefIds": ["2"]},
              {"type": "wait", "waitTime": 0, "name": "End", "refId": "4", "requisiteStageRefIds": ["3"]}]
    return {"application": "demo", "name": "Limited" if limited else "Free", "stages": stages, "limitConcurrent": limited,
            "keepWaitingPipelines": True}


class Fleet:
    """The servers, their database, and clients that use them through the balancer as people and programs do."""

    def __init__(self, database, standby, world, chance, replicas=REPLICAS):
        self.database, self.standby, self.chance = database, standby, chance
        self.proxies = [Proxy(database.port) for _ in range(replicas)]
        self.servers = [Server(store=database.url.replace(f":{database.port}/", f":{proxy.port}/")) for proxy in self.proxies]
        for server in self.servers:
            server.start()
        self.balancer = Balancer([server.port for server in self.servers])
        self.gate = Server.__new__(Server)
        self.gate.port = self.balancer.port
        wait_until(lambda: self.ask("GET", "/health").status == 200, 20, "HAProxy finds the servers")
        self.gate.save_application()
        for limited in (False, True):
            self.gate.save_pipeline(pipeline(world, limited))
        self.accepted, self.judged, self.lock, self.ending = [], set(), threading.Lock(), threading.Event()
        self.faults = 0
        self.between_looks = 0.2  # of the one who judges
        self.between_limited = 24  # one of so many starts is of the pipeline whose runs go one after the other

    def ask(self, method, path, body=None):
        try:
            return self.gate.request(method, path, body)
        except OSError as error:
            return type("Failed", (), {"status": 0, "body": str(error), "json": {}})()

    def start_pipelines(self):
        number = 0
        while not self.ending.is_set():
            # Nobody starts more and more of what waits for people who do not come.
            if len(self.accepted) - len(self.judged) > MOST_UNFINISHED:
                self.ending.wait(0.2)
                continue
            number += 1
            correlation = f"request-{threading.get_ident()}-{number}"
            # One after the other is slow, and more than 50 that wait are refused, as they should be.
            name = "Limited" if number % self.between_limited == 0 else "Free"
            for _ in range(50):  # a client that names its request asks until it has an answer
                answer = self.ask("POST", f"/pipelines/demo/{name}", {"type": "manual", "correlationId": correlation})
                if answer.status == 202:
                    with self.lock:
                        self.accepted.append((answer.json["ref"].rsplit("/", 1)[1], correlation))
                    break
                time.sleep(0.1)
            self.ending.wait(0.15)

    def judge_once(self, mine=lambda _: True):
        answer = self.ask("GET", "/applications/demo/pipelines?statuses=RUNNING&limit=200&expand=true")
        for execution in answer.json if answer.status == 200 else []:
            for stage in execution["stages"]:
                if stage["type"] == "manualJudgment" and stage["status"] == "RUNNING" and mine(execution["id"]):
                    patched = self.ask("PATCH", f"/pipelines/{execution['id']}/stages/{stage['id']}", {"judgmentStatus": "continue"})
                    if patched.status == 200:
                        self.judged.add(execution["id"])

    def judge(self, number=0, of=1):
        while not self.ending.is_set():
            self.judge_once(lambda id: sum(id.encode()) % of == number)
            self.ending.wait(self.between_looks)

    # --- what happens to them ---

    def kill(self, number):
        self.servers[number].kill()
        time.sleep(self.chance.uniform(0, 0.5))
        self.servers[number].start()

    def stop(self, number):
        self.servers[number].stop()
        self.servers[number].start()

    def freeze(self, number):
        pid = self.servers[number].process.pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.2, 5))
        os.kill(pid, signal.SIGCONT)

    def cut_off(self, number):
        self.proxies[number].open.clear()
        time.sleep(self.chance.uniform(0.2, 5))
        self.proxies[number].open.set()

    def restart_database(self, _):
        self.database.stop(self.chance.choice([signal.SIGQUIT, signal.SIGINT]))
        self.database.start()

    def fail_over(self):
        self.database.stop(signal.SIGKILL)
        self.standby.promote()
        self.database = self.standby
        for proxy in self.proxies:
            proxy.target = self.standby.port

    def go(self):
        for server in self.servers:
            if server.process.poll() is None:
                try:
                    os.kill(server.process.pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
        self.balancer.stop()
        for server in self.servers:
            server.__exit__()
        for proxy in self.proxies:
            proxy.close()


class Replicas(unittest.TestCase):
    def test_nothing_is_lost_whatever_happens_to_the_machines(self):
        chance = random.Random(SEED)
        print(f"\nSEED={SEED} ROUNDS={ROUNDS}")
        world = World()
        with PostgresServer() as database, database.standby() as standby:
            fleet = Fleet(database, standby, world, chance)
            try:
                self.trouble(fleet, chance)
                self.check(fleet, world)
            finally:
                fleet.ending.set()
                fleet.go()
        world.shutdown()

    @unittest.skipUnless(KILLS, "KILLS says how many times")
    def test_nothing_is_lost_when_servers_are_killed_all_the_time(self):
        print(f"\nKILLS={KILLS}")
        world = World()
        with PostgresServer() as database:
            fleet = Fleet(database, None, world, random.Random(SEED), REPLICAS_TO_KILL)
            try:
                self.kill_all_the_time(fleet)
                self.check(fleet, world)
            finally:
                fleet.ending.set()
                fleet.go()
        world.shutdown()

    def kill_all_the_time(self, fleet):
        fleet.between_looks, fleet.between_limited = 1, 200
        workers = self.begin_work(fleet)
        end = time.monotonic() + 60 * KILL_MINUTES
        left = iter(range(KILLS))
        killed, lost = collections.Counter(), []

        def kill(number):
            while time.monotonic() < end and next(left, None) is not None:
                time.sleep(fleet.chance.uniform(0, 2.2))
                try:
                    fleet.kill(number)
                except AssertionError as error:
                    lost.append(error)
                    raise
                killed[number] += 1
                if sum(killed.values()) % 500 == 0:
                    print(f"{sum(killed.values())} kills, {len(fleet.accepted)} pipelines accepted", flush=True)

        killers = [threading.Thread(target=kill, args=(number,)) for number in range(REPLICAS_TO_KILL)]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join()
        self.end_work(fleet, workers)
        fleet.faults = sum(killed.values())
        self.assertEqual(lost, [], "a server did not come back")
        print(f"{fleet.faults} kills; {len(fleet.accepted)} pipelines accepted, {len(fleet.judged)} judged meanwhile")

    def begin_work(self, fleet):
        judges = [lambda number=number: fleet.judge(number, JUDGES) for number in range(JUDGES)]
        workers = [threading.Thread(target=work, daemon=True)
                   for work in (fleet.start_pipelines, fleet.start_pipelines, *judges)]
        for worker in workers:
            worker.start()
        return workers

    def end_work(self, fleet, workers):
        fleet.ending.set()
        for worker in workers:
            worker.join(60)

    def trouble(self, fleet, chance):
        workers = self.begin_work(fleet)
        happened = collections.Counter()
        for number in range(ROUNDS):
            if number == ROUNDS // 2:
                fleet.fail_over()
                happened["fail_over"] += 1
            what = chance.choices([fleet.kill, fleet.stop, fleet.freeze, fleet.cut_off, fleet.restart_database],
                                  weights=[60, 15, 10, 10, 5])[0]
            what(chance.randrange(REPLICAS))
            happened[what.__name__] += 1
            time.sleep(chance.uniform(0, 0.3))
        self.end_work(fleet, workers)
        fleet.faults = sum(happened.values())
        print(f"{fleet.faults} rounds: {dict(happened)}; {len(fleet.accepted)} pipelines accepted, {len(fleet.judged)} judged meanwhile")

    def check(self, fleet, world):
        def all_ended():
            fleet.judge_once()
            answer = fleet.ask("GET", "/applications/demo/pipelines?statuses=RUNNING,NOT_STARTED&limit=500&expand=false")
            return answer.status == 200 and answer.json == []
        wait_until(all_ended, 120 + len(fleet.accepted), "all pipelines end")
        first_id = {}
        for id, correlation in fleet.accepted:
            self.assertEqual(first_id.setdefault(correlation, id), id, "one request started two executions")
            execution = fleet.gate.execution(id)
            self.assertEqual(execution.get("status"), "SUCCEEDED", f"{id}: {outline(execution) if 'stages' in execution else execution}")
            self.assertTrue(all(s["status"] == "SUCCEEDED" for s in execution["stages"]), outline(execution))
            self.assertGreaterEqual(world.calls[id], 1, f"{id} says that it called, and did not")
        # A call that was under way when its server went is made again by the next; nothing else is.
        again = sum(calls - 1 for calls in world.calls.values())
        print(f"{len(first_id)} accepted, all ended; {again} of {sum(world.calls.values())} calls were made again")
        self.assertLessEqual(again, 3 * fleet.faults, "calls are made again only where a server went")


class Commands(unittest.TestCase):
    def test_any_server_takes_any_command(self):
        """Cancel, judge, pause, resume and restart reach an execution of another server, and are seen at once."""
        with PostgresServer() as database, Server(store=database.url) as one, Server(store=database.url) as two:
            one.save_application()
            waits = {"type": "wait", "waitTime": 600, "name": "Long", "refId": "1", "requisiteStageRefIds": []}
            id = one.run_stages(waits)
            one.wait_for_stage(id, "1")
            times = []
            for way, path, status in (("PUT", "pause", "PAUSED"), ("PUT", "resume", "RUNNING"), ("PUT", "cancel", "CANCELED")):
                begin = time.monotonic()
                answer = two.request(way, f"/pipelines/{id}/{path}")
                self.assertEqual(answer.status, 200, answer)
                wait_until(lambda: one.execution(id)["status"] == status, 5, f"{path} is seen")
                times.append(time.monotonic() - begin)
            refused = two.request("PUT", f"/pipelines/{id}/pause")
            self.assertEqual(refused.status, 409, refused)
            stage = two.execution(id)["stages"][0]
            answer = two.request("PUT", f"/pipelines/{id}/stages/{stage['id']}/restart")
            self.assertEqual(answer.status, 200, answer)
            stage = one.wait_for_stage(id, "1")
            answer = two.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"skipRemainingWait": True})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(one.wait_for(id)["status"], "SUCCEEDED")
            print(f"\ncommands through another server took {', '.join(f'{1000 * t:.0f} ms' for t in times)}")

    def test_a_stop_in_good_order_hands_over_at_once(self):
        with PostgresServer() as database, Server(store=database.url) as one, Server(store=database.url) as two:
            one.save_application()
            id = one.run_stages({"type": "wait", "waitTime": 1, "name": "Short", "refId": "1", "requisiteStageRefIds": []},
                                {"type": "wait", "waitTime": 0, "name": "Next", "refId": "2", "requisiteStageRefIds": ["1"]})
            one.wait_for_stage(id, "1")
            one.stop()
            stopped = time.monotonic()
            self.assertEqual(two.wait_for(id)["status"], "SUCCEEDED")
            print(f"\nhanded over, and ended {time.monotonic() - stopped:.2f} s after the stop")

    def test_the_stream_of_each_server_tells_everything(self):
        with PostgresServer() as database, Server(store=database.url) as one, Server(store=database.url) as two:
            one.save_application()
            streams = [Stream(one), Stream(two)]
            for server in (one, two, one, two):
                last = server.run_stages({"type": "wait", "waitTime": 0, "name": "Short", "refId": "1", "requisiteStageRefIds": []})
                server.wait_for(last)
            newest = int(database.sql("SELECT max(sequence) FROM feed", "gennaker"))
            for stream in streams:
                wait_until(lambda: stream.numbered() and int(stream.numbered()[-1]["id"]) >= newest, 10, "the stream tells of the last")
            told = [[(event["id"], event["data"]) for event in stream.numbered()] for stream in streams]
            for stream in streams:
                stream.close()
            common = max(int(events[0][0]) for events in told)
            one_told, two_told = ([event for event in events if int(event[0]) >= common] for events in told)
            self.assertEqual(one_told, two_told)
            self.assertGreaterEqual(len(one_told), 8)

    def test_a_parent_hears_of_its_child_at_another_server(self):
        with PostgresServer() as database, Server(store=database.url) as one, Server(store=database.url) as two:
            one.save_application()
            one.save_pipeline({"application": "demo", "name": "Child", "id": "child", "stages": [
                {"type": "manualJudgment", "name": "Judge", "refId": "1", "requisiteStageRefIds": []}]})
            parent = one.run_stages({"type": "pipeline", "name": "Run it", "refId": "1", "requisiteStageRefIds": [],
                                     "application": "demo", "pipeline": "child", "waitForCompletion": True})
            child = wait_until(lambda: one.execution(parent)["stages"][0]["context"].get("executionId"), 10, "the child starts")
            stage = two.wait_for_stage(child, "1")
            # The parent's server goes; the child is carried on by the other, too.
            one.kill()
            answer = two.request("PATCH", f"/pipelines/{child}/stages/{stage['id']}", {"judgmentStatus": "continue"})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(two.wait_for(parent)["status"], "SUCCEEDED")


if __name__ == "__main__":
    main()
