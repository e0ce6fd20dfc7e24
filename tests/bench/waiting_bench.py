#!/usr/bin/env python3
"""What a server costs that has nothing to do: without executions, and with 10,000 that wait for judgments and timers.
Processor time, what it writes, memory. Run by ./dev bench."""

import os
import time

from measuring import Server, bytes_written, chain, cpu_seconds, line, memory_mb, start_many

SECONDS = int(os.environ.get("BENCH_IDLE_SECONDS", "300"))
EXECUTIONS = 10_000


def changed_at(server):
    """When the newest of the store's files was written."""
    return max(entry.stat().st_mtime_ns for entry in os.scandir(server.data) if entry.name.startswith("gennaker.db"))


def watch(server, what, seconds):
    pid = server.process.pid
    used, written, at = cpu_seconds(pid), bytes_written(pid), changed_at(server)
    time.sleep(seconds)
    used, written = cpu_seconds(pid) - used, bytes_written(pid) - written
    wrote = "its store was written" if changed_at(server) != at else "its store was not touched"
    line(what, f"{100 * used / seconds:.3f} % of one core and {written} bytes written in {seconds} s; {wrote}; "
         f"{memory_mb(pid):.1f} MB")


def main():
    with Server() as server:
        time.sleep(2)
        watch(server, "idle", SECONDS)
    with Server() as server:
        server.save_pipeline({"application": "bench", "name": "judged",
                              "stages": chain({"type": "manualJudgment"}, {"type": "wait", "waitTime": 1})})
        server.save_pipeline({"application": "bench", "name": "timed",
                              "stages": chain({"type": "wait", "waitTime": 86_400}, {"type": "wait", "waitTime": 1})})
        start_many(server, EXECUTIONS // 2, "bench", "judged")
        start_many(server, EXECUTIONS // 2, "bench", "timed")
        time.sleep(5)
        watch(server, f"{EXECUTIONS:,} waiting", min(SECONDS, 60))


if __name__ == "__main__":
    main()
