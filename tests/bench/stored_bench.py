#!/usr/bin/env python3
"""What 1,000,000 finished executions in the store cost those that come after them: durable stages a second beside an
empty store in the same run, start-up, memory, and the list of an application's newest 50. Run by ./dev bench, which sets
STAGES_BENCH."""

import os
import re
import sqlite3
import statistics
import subprocess
import time

from measuring import Kept, Server, chain, line, memory_mb, milliseconds
from server_bench import start_up

EXECUTIONS = int(os.environ.get("BENCH_STORED", "1000000"))
APPLICATIONS = 20
STARTS = 10
LISTS = 500


def fill(file):
    """Multiplies what the server has stored: each execution becomes many, with ids and times of their own, which grow
    together as the server's do."""
    database = sqlite3.connect(file)
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;")
    indexes = database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
                               " AND tbl_name IN ('executions', 'stages')").fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    columns = [row[1] for row in database.execute("PRAGMA table_info(executions)")]
    changed = {"row": "NULL", "id": "new_id", "build_time": "build_time - later", "start_time": "start_time - later",
               "end_time": "end_time - later", "header": "replace(header, id, new_id)"}
    values = ", ".join(changed.get(column, column) for column in columns)
    database.executescript(f"""
        CREATE TEMP TABLE template AS
          SELECT row_number() OVER (ORDER BY id) AS place, * FROM executions WHERE type = 0;
        CREATE TEMP TABLE copy AS
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {EXECUTIONS // APPLICATIONS})
          SELECT i * {APPLICATIONS} + place AS number, id AS old_id,
                 printf('01AAAAAAAA%016d', i * {APPLICATIONS} + place) AS new_id,
                 (({EXECUTIONS // APPLICATIONS} - i) * {APPLICATIONS} - place) * 30000 AS later
          FROM n CROSS JOIN template;
        INSERT INTO executions({", ".join(columns)})
          SELECT {values} FROM copy JOIN template ON template.id = copy.old_id ORDER BY copy.rowid;
        INSERT INTO stages(id, execution_id, ordinal, outline, details)
          SELECT printf('01AAAAAAAB%014d%02d', number, ordinal), new_id, ordinal,
                 replace(outline, stages.id, printf('01AAAAAAAB%014d%02d', number, ordinal)), details
          FROM copy JOIN stages ON stages.execution_id = copy.old_id ORDER BY copy.rowid;""")
    for _, sql in indexes:
        database.execute(sql)
    database.commit()
    database.close()


def make(server):
    """One finished execution an application; then the many."""
    for number in range(APPLICATIONS):
        server.save_pipeline({"application": f"app{number}", "name": "three", "stages": chain(
            *[{"type": "wait", "waitTime": 0, "comments": "x" * 400}] * 3)})
        server.wait_for(server.run("three", application=f"app{number}"))
    server.stop()
    began = time.monotonic()
    fill(os.path.join(server.data, "gennaker.db"))
    size = os.stat(os.path.join(server.data, "gennaker.db")).st_size / 2**30
    line(f"{EXECUTIONS:,} executions of 3 stages made", f"{size:.2f} GiB in {time.monotonic() - began:.0f} s")


def compare_stages(data):
    output = subprocess.run([os.environ["STAGES_BENCH"], "--only-sqlite", "--directory", data, "--stored",
                             os.path.join(data, "gennaker.db")], capture_output=True, text=True, check=True).stdout
    print("".join(row for row in output.splitlines(True) if re.search("empty|stored", row)), end="")


def list_newest(server):
    connection = Kept(server.port)
    times = []
    for number in range(LISTS):
        began = time.perf_counter()
        content = connection.request("GET", f"/applications/app{number % APPLICATIONS}/pipelines?limit=50&expand=false")
        times.append(time.perf_counter() - began)
        if content.count(b'"buildTime"') < 50:
            raise SystemExit(f"fewer than 50 executions: {content[:300]!r}")
        time.sleep(0.002)
    return times


def main():
    with Server() as server:
        make(server)
        compare_stages(server.data)
        times = [start_up(server.data) for _ in range(STARTS)]
        line("exec to the first good /health", f"{statistics.median(times):.1f} ms (median of {STARTS}, "
             f"{min(times):.1f} to {max(times):.1f})")
        server.start()
        time.sleep(1)
        line("resident memory after the start", f"{memory_mb(server.process.pid):.1f} MB")
        line("the newest 50 of an application", milliseconds(list_newest(server)))
        line("resident memory after that", f"{memory_mb(server.process.pid):.1f} MB")


if __name__ == "__main__":
    main()
