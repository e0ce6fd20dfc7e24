"""A server whose store is a PostgreSQL: pipelines go on after either of them was killed."""

import signal
import subprocess
import unittest

from databases import PostgresServer
from harness import GENNAKER, Server, main, outline


def pipeline(waits):
    stages = [{"type": "wait", "waitTime": 0, "name": f"Step {i}", "refId": str(i),
               "requisiteStageRefIds": [str(i - 1)] if i else []} for i in range(waits)]
    stages.append({"type": "manualJudgment", "name": "Judge", "refId": "judge", "requisiteStageRefIds": [str(waits - 1)]})
    stages.append({"type": "wait", "waitTime": 0, "name": "Last", "refId": "last", "requisiteStageRefIds": ["judge"]})
    return {"application": "demo", "name": "Short", "stages": stages}


class OnPostgres(unittest.TestCase):
    def judge(self, server, id):
        stage = server.wait_for_stage(id, "judge")
        answer = server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"judgmentStatus": "continue"})
        self.assertEqual(answer.status, 200, answer)

    def expect_success(self, server, id):
        ended = server.wait_for(id)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.assertTrue(all(s["status"] == "SUCCEEDED" for s in ended["stages"]), outline(ended))

    def test_goes_on_after_kills(self):
        with PostgresServer() as database, Server(store=database.url) as server:
            server.save_application()
            server.save_pipeline(pipeline(20))

            # The server dies while stages run, and again while one waits for a person.
            first = server.run("Short")
            server.kill()
            server.start()
            server.wait_for_stage(first, "judge")
            server.kill()
            server.start()
            self.assertEqual([c["name"] for c in server.get("/applications/demo/pipelineConfigs").json], ["Short"])
            self.judge(server, first)
            self.expect_success(server, first)

            # The database dies while stages run: the server waits for it.
            second = server.run("Short")
            database.stop(signal.SIGQUIT)
            answer = server.get("/pipelines/" + first)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn(f"postgresql://gennaker@127.0.0.1:{database.port}/gennaker", answer.body)
            database.start()
            self.judge(server, second)
            self.expect_success(server, second)

            stored = database.sql("SELECT count(*) FROM executions WHERE name = 'Short' AND status = 'SUCCEEDED'", "gennaker")
            self.assertEqual(stored, "2")
            self.assertFalse("s3cret" in server.log() or "s3cret" in answer.body, "a password was told")
            self.assertIn("its store in postgresql://gennaker@127.0.0.1", server.log(most=1_000_000))

    def test_refuses_to_start_with_what_names_no_store(self):
        for url in ("postgresql://ada:s3cret/x@db/shop", "mysql://s3cret@db"):
            with self.subTest(url), Server() as server:
                server.kill()
                done = subprocess.run([GENNAKER, "serve", "--data", server.data, "--port", str(server.port), "--store", url],
                                      capture_output=True, text=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("gennaker serve: ", done.stderr)
                self.assertIn("postgresql://", done.stderr)
                self.assertNotIn("s3cret", done.stderr)


if __name__ == "__main__":
    main()
