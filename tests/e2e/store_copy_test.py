"""`gennaker store copy` with the real binary: killed at random points, and servers that go on with what was copied."""

import contextlib
import os
import random
import sqlite3
import subprocess
import time
import unittest

from databases import PostgresServer
from harness import GENNAKER, Server, main, outline, wait_until

SEED = int(os.environ.get("SEED", str(int(time.time()))))
JUDGED = {"application": "demo", "name": "Judged", "stages": [
    {"refId": "1", "type": "manualJudgment", "name": "Go on?"},
    {"refId": "2", "type": "wait", "waitTime": 0, "requisiteStageRefIds": ["1"]}]}
OLD = 20_000


def copy(source, target):
    return subprocess.run([GENNAKER, "store", "copy", source, target], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "LANG": "C.UTF-8"}, check=False)


def file_of(server):
    return "sqlite:" + os.path.join(server.data, "gennaker.db")


def add_old_executions(server):
    """Many that have ended, so that a copy takes a while."""
    with contextlib.closing(sqlite3.connect(os.path.join(server.data, "gennaker.db"))) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(executions)") if row[1] not in ("row", "id")]
        names = ", ".join(columns)
        database.execute(
            f"WITH RECURSIVE old(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM old WHERE n < {OLD})"
            f" INSERT INTO executions(id, {names}) SELECT 'old-' || n, {names} FROM old, executions"
            " WHERE executions.row = (SELECT min(row) FROM executions WHERE complete)")


class Copied(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)
        print(f"\nSEED={SEED}")

    def prepare(self, server):
        """What ended, what waits, and how far somebody has followed."""
        server.save_application()
        server.save_pipeline(JUDGED)
        for stage in ("Ü", "\U0001f600"):
            ended = server.wait_for(server.run_stages({"refId": "1", "type": "wait", "waitTime": 0, "name": stage}))
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        waiting = server.run("Judged")
        server.wait_for_stage(waiting, "1")
        return ended, waiting

    def go_on(self, server, waiting):
        stage = server.wait_for_stage(waiting, "1")
        answer = server.request("PATCH", f"/pipelines/{waiting}/stages/{stage['id']}", {"judgmentStatus": "continue"})
        self.assertEqual(answer.status, 200, answer)
        ended = server.wait_for(waiting)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))

    def test_there_and_back_over_kills(self):
        with PostgresServer() as database, Server() as server:
            ended, waiting = self.prepare(server)
            refused = copy(file_of(server), database.url)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn(f"in use by process {server.process.pid}", refused.stderr)
            server.stop()
            add_old_executions(server)

            partial = self.kill_copies(file_of(server), database)
            self.assertGreaterEqual(partial, 3, "the kills must have met copies under way")
            self.refuse_to_serve(server, database)
            done = copy(file_of(server), database.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"executions           {OLD + 4}         {OLD + 4}", done.stdout)
            self.assertNotIn("s3cret", done.stdout + done.stderr)
            again = copy(file_of(server), database.url)
            self.assertIn("This run has written 0 rows", again.stdout, again.stderr)

            back = file_of(server) + ".back"
            self.assertEqual(copy(database.url, back).returncode, 0)
            self.assertEqual(dump(file_of(server)), dump(back))

            server.store = ["--store", database.url]
            server.start()
            self.assertEqual(server.execution(ended["id"]), ended)
            self.assertEqual(copy(database.url, back + "2").returncode, 1, "a server works with it")
            self.go_on(server, waiting)
            server.stop()

            # And home again, with what happened meanwhile.
            home = back + "3"
            done = wait_until(lambda: (lambda one: one if one.returncode == 0 else None)(copy(database.url, home)), 10,
                              "the database knows that the server has gone")
            server.store = ["--store", home]
            server.start()
            self.assertEqual(server.execution(waiting)["status"], "SUCCEEDED")
            self.assertIn(f"goes on after {newest_number(home)} on both", done.stdout)

    def kill_copies(self, source, database):
        """How many of them went on and did not end. They live as short as this machine's speed asks for."""
        partial, longest, before = 0, 0.03, 0
        for _ in range(40):
            one = subprocess.Popen([GENNAKER, "store", "copy", source, database.url], stdout=subprocess.DEVNULL)
            time.sleep(self.chance.uniform(0.01, longest))
            one.kill()
            one.wait()
            begun = database.sql("SELECT to_regclass('unfinished_copy') IS NOT NULL", "gennaker") == "t"
            rows = int(database.sql("SELECT count(*) FROM executions", "gennaker")) if begun else 0
            if rows >= OLD:
                break
            partial += rows > before
            if rows == before:
                longest *= 1.2
            before = rows
            if partial == 5:
                break
        return partial

    def refuse_to_serve(self, server, database):
        # The last kill may have come before the first page.
        if database.sql("SELECT to_regclass('unfinished_copy') IS NOT NULL", "gennaker") != "t":
            return
        done = subprocess.run([GENNAKER, "serve", "--data", server.data + "/other", "--port", "0", "--store", database.url],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("holds a copy that has not ended", done.stderr)


def dump(url):
    """Every row that is copied, as bytes."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:"))) as database:
        database.text_factory = bytes
        tables = {"executions": "id", "stages": "id", "documents": "kind, id, version", "feed": "sequence"}
        return {table: [row[1:] if table != "feed" else row for row in
                        database.execute(f"SELECT * FROM {table} ORDER BY {key}")] for table, key in tables.items()}


def newest_number(url):
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:"))) as database:
        return database.execute("SELECT max(sequence) FROM feed").fetchone()[0]


if __name__ == "__main__":
    main()
