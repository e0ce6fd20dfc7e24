"""What a person does with a running execution, and the live stream of what happens."""

import json
import unittest

from event_stream import Stream
from harness import Server, errors_of, main, outline, wait_until

WAIT = {"refId": "1", "type": "wait", "waitTime": 0}
LONG = {"refId": "1", "type": "wait", "waitTime": 600, "name": "Long"}
JUDGMENT = {"refId": "1", "type": "manualJudgment", "name": "Approve", "judgmentInputs": [{"value": "half"}]}


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.server.save_application()

    def put(self, path, status=200):
        answer = self.server.request("PUT", path)
        self.assertEqual(answer.status, status, answer)
        return answer

    def stage(self, execution, ref_id):
        return next(s for s in execution["stages"] if s["refId"] == ref_id)


class Commands(WithServer):
    def test_pause_and_resume(self):
        id = self.server.run_stages({**LONG, "waitTime": 1})
        self.server.wait_for_stage(id, "1")
        self.put(f"/pipelines/{id}/pause")
        self.assertEqual(self.server.execution(id)["status"], "PAUSED")
        self.put(f"/pipelines/{id}/pause", 409)
        # It stays so over a restart, for longer than the wait is.
        self.server.kill()
        self.server.start()
        ended = wait_until(lambda: self.server.execution(id)["status"] != "PAUSED", 1.5, "it stays", must=False)
        self.assertFalse(ended)
        self.put(f"/pipelines/{id}/resume")
        ended = self.server.wait_for(id, 10)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.assertGreaterEqual(ended["paused"]["pausedMs"], 1000)
        self.put(f"/pipelines/{id}/resume", 409)

    def test_cancel(self):
        id = self.server.run_stages(LONG, {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"]})
        self.server.wait_for_stage(id, "1")
        self.put(f"/pipelines/{id}/cancel?reason=changed%20my%20mind")
        ended = self.server.wait_for(id, 10)
        self.assertEqual((ended["status"], ended["cancellationReason"]), ("CANCELED", "changed my mind"))
        self.assertEqual([s["status"] for s in ended["stages"]], ["CANCELED", "NOT_STARTED"])
        self.put(f"/pipelines/{id}/cancel")  # a second one does no harm
        self.assertEqual(self.server.execution(id)["endTime"], ended["endTime"])

    def test_a_failed_stage_is_restarted(self):
        id = self.server.run_stages(
            WAIT, {"refId": "2", "requisiteStageRefIds": ["1"], "type": "checkPreconditions", "name": "Switch",
                   "preconditions": [{"type": "stageStatus", "context": {"stageName": "Never", "stageStatus": "X"}}]},
            {**WAIT, "refId": "3", "requisiteStageRefIds": ["2"]})
        failed = self.server.wait_for(id, 10)
        self.assertEqual(failed["status"], "TERMINAL", outline(failed))
        again = self.server.request("PUT", f"/pipelines/{id}/stages/{self.stage(failed, '2')['id']}/restart", "{}")
        self.assertEqual(again.status, 200, again)
        ended = self.server.wait_for(id, 10)
        self.assertEqual(ended["status"], "TERMINAL", outline(ended))
        self.assertIn("restartDetails", self.stage(ended, "2")["context"])
        self.assertEqual(self.stage(ended, "3")["status"], "NOT_STARTED")
        self.put(f"/pipelines/{id}/stages/01NOSUCHSTAGE/restart", 404)

    def test_a_restarted_stage_goes_on(self):
        """A judgment that was stopped is asked again, and what stands behind it runs."""
        id = self.server.run_stages(JUDGMENT, {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"]})
        stage = self.server.wait_for_stage(id, "1")["id"]
        self.judge(id, stage, "stop")
        ended = self.server.wait_for(id, 10)
        self.assertEqual(ended["status"], "TERMINAL", outline(ended))
        self.assertEqual(self.stage(ended, "2")["status"], "NOT_STARTED")
        self.put(f"/pipelines/{id}/stages/{stage}/restart")
        self.server.wait_for_stage(id, "1")
        self.put(f"/pipelines/{id}/stages/{stage}/restart", 409)  # it runs
        self.judge(id, stage, "continue", judgmentInput="half")
        ended = self.server.wait_for(id, 10)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.assertEqual(self.stage(ended, "1")["context"]["judgmentInput"], "half")

    def judge(self, id, stage, decision, **more):
        answer = self.server.request("PATCH", f"/pipelines/{id}/stages/{stage}", {"judgmentStatus": decision, **more})
        self.assertEqual(answer.status, 200, answer)

    def test_one_at_a_time(self):
        self.server.save_pipeline({"application": "demo", "name": "One", "limitConcurrent": True,
                                   "keepWaitingPipelines": True, "stages": [JUDGMENT]})
        first, second = self.server.run("One"), self.server.run("One")
        stage = self.server.wait_for_stage(first, "1")["id"]
        self.assertEqual(self.server.execution(second)["status"], "NOT_STARTED")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.server.execution(second)["status"], "NOT_STARTED")
        self.judge(first, stage, "continue")
        self.server.wait_for(first, 10)
        stage = self.server.wait_for_stage(second, "1")["id"]
        # One that waits for its turn can be cancelled.
        third = self.server.run("One")
        self.put(f"/pipelines/{third}/cancel")
        self.assertEqual(self.server.wait_for(third, 10)["status"], "CANCELED")
        self.judge(second, stage, "continue")
        self.assertEqual(self.server.wait_for(second, 10)["status"], "SUCCEEDED")

    def test_the_newest_waits_unless_they_are_kept(self):
        self.server.save_pipeline({"application": "demo", "name": "Newest", "limitConcurrent": True,
                                   "stages": [JUDGMENT]})
        ids = [self.server.run("Newest") for _ in range(4)]
        self.judge(ids[0], self.server.wait_for_stage(ids[0], "1")["id"], "continue")
        stage = self.server.wait_for_stage(ids[3], "1")["id"]
        self.judge(ids[3], stage, "continue")
        self.assertEqual([self.server.wait_for(id, 10)["status"] for id in ids],
                         ["SUCCEEDED", "CANCELED", "CANCELED", "SUCCEEDED"])

    def test_a_pipeline_within_a_pipeline(self):
        self.server.save_pipeline({"application": "demo", "name": "Child", "stages": [JUDGMENT]})
        child_config = self.server.get("/applications/demo/pipelineConfigs/Child").json["id"]
        self.server.save_pipeline({"application": "demo", "name": "Parent", "stages": [
            {"refId": "1", "type": "pipeline", "application": "demo", "pipeline": child_config,
             "waitForCompletion": True}]})
        for act, status in (("continue", "SUCCEEDED"), ("stop", "TERMINAL"), ("cancel the child", "CANCELED"),
                            ("cancel the parent", "CANCELED")):
            with self.subTest(act):
                parent = self.server.run("Parent")
                child = wait_until(lambda: self.child_of(parent), 10, "the child starts")
                stage = self.server.wait_for_stage(child, "1")["id"]
                if act.startswith("cancel"):
                    self.put(f"/pipelines/{child if 'child' in act else parent}/cancel")
                else:
                    self.judge(child, stage, act)
                ended = self.server.wait_for(parent, 10)
                self.assertEqual(ended["status"], status, outline(ended))
                self.assertEqual(self.server.wait_for(child, 10)["status"], status)
                if act == "stop":
                    self.assertIn("Child", errors_of(ended))
                self.assertEqual(self.server.execution(child)["trigger"]["parentExecution"]["id"], parent)

    def child_of(self, parent):
        return self.server.execution(parent)["stages"][0]["context"].get("executionId")


class Events(WithServer):
    def stream(self, *arguments, **named):
        stream = Stream(self.server, *arguments, **named)
        self.addCleanup(stream.close)
        return stream

    def run_some(self, count=3):
        for _ in range(count):
            self.server.wait_for(self.server.run_stages(WAIT, {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"]}), 10)

    def newest_id(self, stream):
        """Waits until the stream has told of the end of the execution that is started here."""
        id = self.server.run_stages(WAIT)
        def told():
            for event in stream.numbered():
                if event["event"] != "execution":
                    continue
                execution = json.loads(event["data"]).get("execution", {})
                if execution.get("id") == id and execution.get("status") == "SUCCEEDED":
                    return event["id"]
            return None
        return wait_until(told, 10, "the stream tells of the end")

    def test_it_resumes_without_loss_or_repetition(self):
        whole, broken = self.stream(), self.stream()
        self.run_some()
        self.newest_id(broken)
        seen = broken.numbered()[: len(broken.numbered()) // 2]  # the rest got lost on the way
        broken.close()
        self.run_some()  # and this happened meanwhile
        resumed = self.stream(last_id=seen[-1]["id"])
        self.run_some()
        self.newest_id(resumed)
        last = resumed.numbered()[-1]["id"]
        wait_until(lambda: whole.numbered() and int(whole.numbered()[-1]["id"]) >= int(last), 10, "the other has all")
        expected = [e["id"] for e in whole.numbered() if int(e["id"]) <= int(last)]
        self.assertEqual([e["id"] for e in seen + resumed.numbered()], expected)
        self.assertEqual(expected, sorted(set(expected), key=int))

    def test_it_resumes_after_the_server_was_killed(self):
        before = self.stream()
        cursor = self.newest_id(before)
        before.close()
        id = self.server.run_stages(LONG)
        self.server.kill()
        self.server.start()
        self.put(f"/pipelines/{id}/cancel")
        after = self.stream(last_id=cursor)
        statuses = lambda: [json.loads(e["data"])["execution"]["status"] for e in after.numbered()
                            if e["event"] == "execution" and id in e["data"]]
        wait_until(lambda: "CANCELED" in statuses(), 10, "the stream tells both")
        self.assertIn(statuses()[0], ("NOT_STARTED", "RUNNING"))

    def test_a_cursor_that_is_unknown(self):
        self.run_some(1)
        for cursor in ("99999999", "nonsense", "-1"):
            with self.subTest(cursor):
                stream = self.stream(last_id=cursor)
                wait_until(lambda: stream.events, 10, "it says so")
                self.assertEqual(stream.events[0]["event"], "reset")
                # From its id on it goes on.
                number = int(self.newest_id(stream))
                self.assertGreater(number, int(stream.events[0]["id"]))

    def test_only_one_application(self):
        stream = self.stream(query="?application=demo")
        other = self.stream(query="?application=other")
        self.newest_id(stream)
        self.assertEqual(other.numbered(), [])


if __name__ == "__main__":
    main()
