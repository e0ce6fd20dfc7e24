"""Backups of both stores while pipelines run, restored elsewhere: what had ended is there, what ran goes on."""

import os
import signal
import subprocess
import threading
import unittest

from databases import PROGRAMS, PostgresServer
from harness import GENNAKER, Server, main, outline

STEPS = 30
LONG = {"application": "demo", "name": "Long", "stages": [
    {"refId": str(i), "type": "wait", "waitTime": 0, "requisiteStageRefIds": [str(i - 1)] if i else []}
    for i in range(STEPS)] + [
    {"refId": "judge", "type": "manualJudgment", "requisiteStageRefIds": [str(STEPS // 2)]}]}


class BackedUp(unittest.TestCase):
    """`work(server)` runs pipelines until told to stop; meanwhile the backup is made."""

    def prepare(self, server):
        server.save_application()
        server.save_pipeline(LONG)
        self.ended = server.wait_for(server.run_stages({"refId": "1", "type": "wait", "waitTime": 0, "name": "Ü"}))
        self.waiting = server.run("Long")
        server.wait_for_stage(self.waiting, "judge")

    def under_load(self, server, back_up):
        enough, started = threading.Event(), []

        def run():
            while not enough.is_set():
                started.append(server.run("Long"))
        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            while len(started) < 20:
                pass
            before = list(started)
            back_up()
        finally:
            enough.set()
            for thread in threads:
                thread.join()
        return before

    def expect_restored(self, server, before):
        self.assertEqual(server.execution(self.ended["id"]), self.ended)
        self.assertEqual([c["name"] for c in server.get("/applications/demo/pipelineConfigs").json], ["Long"])
        for id in [self.waiting, *before]:
            self.assertEqual(server.get("/pipelines/" + id).status, 200, "acknowledged before the backup began")
        stored = {e["id"] for e in server.get("/applications/demo/executions/search?size=5000").json}
        for id in sorted(stored - {self.ended["id"]}):
            stage = server.wait_for_stage(id, "judge")
            answer = server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"judgmentStatus": "continue"})
            self.assertEqual(answer.status, 200, answer)
            ended = server.wait_for(id)
            self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
            self.assertTrue(all(s["status"] == "SUCCEEDED" for s in ended["stages"]), outline(ended))

    def test_sqlite(self):
        with Server() as server:
            self.prepare(server)
            file, backup = os.path.join(server.data, "gennaker.db"), os.path.join(server.data, "backup.db")

            def back_up():
                done = subprocess.run([GENNAKER, "store", "backup", "sqlite:" + file, backup], capture_output=True, text=True,
                                      timeout=60, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(backup, done.stdout)
            before = self.under_load(server, back_up)
            refused = subprocess.run([GENNAKER, "store", "backup", "sqlite:" + file, backup], capture_output=True, text=True,
                                     check=False)
            self.assertEqual((refused.returncode, "is there already" in refused.stderr), (1, True), refused)
            self.assertEqual(os.stat(backup).st_mode & 0o777, 0o600)
            with Server() as other:
                other.stop()
                # As docs/operations.md says.
                for name in ("gennaker.db", "gennaker.db-wal", "gennaker.db-shm"):
                    if os.path.exists(os.path.join(other.data, name)):
                        os.remove(os.path.join(other.data, name))
                os.rename(backup, os.path.join(other.data, "gennaker.db"))
                other.start()
                self.expect_restored(other, before)

    def test_postgresql(self):
        with PostgresServer() as database, Server(store=database.url) as server:
            self.prepare(server)
            dump = os.path.join(server.data, "gennaker.dump")

            def back_up():
                subprocess.run([f"{PROGRAMS}/pg_dump", "--format=custom", f"--file={dump}", database.url], check=True)
            before = self.under_load(server, back_up)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait()
            with PostgresServer() as other:
                subprocess.run([f"{PROGRAMS}/pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
                                f"--dbname={other.url}", dump], check=True)
                with Server(store=other.url) as restored:
                    self.expect_restored(restored, before)


if __name__ == "__main__":
    main()
