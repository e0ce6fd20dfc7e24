#!/usr/bin/env python3
"""How long a client waits, as it sees it itself in the live stream: from sending the call that starts a pipeline to the
first stage running, and from one stage to the next. When the server is idle, and with 10,000 executions in flight.
Run by ./dev bench."""

import json
import os
import socket
import time

from measuring import Server, chain, line, milliseconds, start_many, unfinished

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "300"))
IN_FLIGHT = int(os.environ.get("BENCH_IN_FLIGHT", "10000"))
STAGES = 10
PAUSE = 0.02


class Stream:
    """The live stream of one application, read by hand: nothing of ours must add to what is measured."""

    def __init__(self, port, application):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.sendall(f"GET /events?application={application} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.rest = b""
        while b"welcome" not in self.rest:
            self.rest += self.socket.recv(65536)
        self.rest = b""

    def next(self):
        """(when it came, the execution's change) of the next events."""
        while b"\n\n" not in self.rest:
            self.rest += self.socket.recv(1 << 20)
        now = time.perf_counter()
        events, self.rest = self.rest.rsplit(b"\n\n", 1)
        return now, [json.loads(text) for text in (row[5:] for row in events.split(b"\n") if row.startswith(b"data:"))
                     if text.strip().startswith(b'{"execution"')]


class Probe:
    """One pipeline of ten stages, started again and again, while nothing else of its application runs."""

    def __init__(self, server):
        server.save_pipeline({"application": "probe", "name": "ten",
                              "stages": chain(*[{"type": "wait", "waitTime": 0}] * STAGES)})
        self.calls = socket.create_connection(("127.0.0.1", server.port))
        self.calls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = Stream(server.port, "probe")
        self.first, self.between = [], []

    def run(self):
        body = b'{"type": "manual"}'
        call = (b"POST /pipelines/probe/ten HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        last = time.perf_counter()
        self.calls.sendall(call)
        times, ended = self.first, False
        while not ended:
            now, changes = self.stream.next()
            # Each change of this pipeline ends a stage and begins the next; the first only begins one.
            for change in changes:
                times.append(now - last)
                times, last = self.between, now
                ended = ended or change["execution"]["status"] == "SUCCEEDED"
        answer = self.calls.recv(65536)
        assert answer.startswith(b"HTTP/1.1 202"), answer

    def measure(self, what):
        for _ in range(10):  # what is only slow the first time
            self.run()
        self.first, self.between = [], []
        for _ in range(ROUNDS):
            self.run()
            time.sleep(PAUSE)
        line(f"{what}: API call to first stage", milliseconds(self.first))
        line(f"{what}: one stage to the next", milliseconds(self.between))


def fill(server):
    """Executions that wait, end a stage and begin the next, some 700 stages a second together."""
    server.save_pipeline({"application": "load", "name": "long",
                          "stages": chain(*[{"type": "wait", "waitTime": 15}] * 20)})
    start_many(server, IN_FLIGHT, "load", "long")


def measure_disk(folder):
    """What no durable step can be quicker than: a page appended to a file, and synced."""
    times = []
    with open(os.path.join(folder, "reference"), "wb", buffering=0) as file:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
            time.sleep(PAUSE)
    line("the disk alone: 4 KB, synced", milliseconds(times))


def main():
    with Server() as server:
        measure_disk(server.data)
        probe = Probe(server)
        probe.measure("idle")
        fill(server)
        probe.measure(f"{IN_FLIGHT:,} in flight")
        running = unfinished(server)
        if running != IN_FLIGHT:
            raise SystemExit(f"{running} executions were in flight, not {IN_FLIGHT}")


if __name__ == "__main__":
    main()
