#!/usr/bin/env python3
"""Bakes of the real server: the same is found again, its log is followed while it runs, base images, the command line."""

import http.client
import json
import os
import shutil
import tempfile
import unittest

from harness import Server, main, wait_until

BASE_IMAGES = """bakery:
  baseImages:
    - {id: plain, cloudProvider: local, shortDescription: what all have, image: base}
"""


def bake(source, **more):
    return {"refId": "1", "type": "bake", "name": "Bake", "credentials": "local", "region": "local", "package": "demo",
            "version": "1", "source": source, **more}


def events_of(text):
    """[(event, id, data)] of a stream of server-sent events."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields:
            events.append((fields.get("event"), fields.get("id"), json.loads(fields["data"])))
    return events


class Bakery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(local=BASE_IMAGES)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gennaker-bakery-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write("VERSION", self.id())

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def run_bake(self, status="SUCCEEDED", source=None, **more):
        execution = self.server.wait_for(self.server.run_stages(bake(source or self.folder, **more)))
        self.assertEqual(execution["status"], status, execution)
        return next(stage for stage in execution["stages"] if stage.get("parentStageId"))

    def begun(self, execution):
        stages = self.server.get(f"/pipelines/{execution}").json["stages"]
        ids = [stage["context"]["status"]["id"] for stage in stages if "status" in stage["context"]]
        return ids[0] if ids else None

    def follow(self, id, last_id=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", f"/bakes/{id}/log", headers={"Last-Event-ID": last_id} if last_id else {})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        return events_of(answer.read().decode())

    def test_the_same_bake_is_found_again(self):
        first = self.run_bake()
        again = self.run_bake()
        self.assertEqual((first["outputs"]["previouslyBaked"], again["outputs"]["previouslyBaked"]), (False, True))
        self.assertEqual(first["outputs"]["imageId"], again["outputs"]["imageId"])
        self.assertNotIn("kato.tasks", again["context"])
        self.assertEqual(again["context"]["status"], first["context"]["status"])
        elsewhere = self.folder + "-copy"
        self.addCleanup(shutil.rmtree, elsewhere, ignore_errors=True)
        shutil.copytree(self.folder, elsewhere)
        self.assertTrue(self.run_bake(source=elsewhere)["outputs"]["previouslyBaked"])
        self.write("VERSION", "changed")
        changed = self.run_bake()
        self.assertFalse(changed["outputs"]["previouslyBaked"])
        self.assertNotEqual(changed["outputs"]["imageId"], first["outputs"]["imageId"])
        self.assertIn("kato.tasks", self.run_bake(rebake=True)["context"])

    def test_a_bake_and_its_log_are_shown(self):
        stage = self.run_bake()
        id = stage["context"]["status"]["id"]
        shown = self.server.get(f"/bakes/{id}").json
        self.assertEqual((shown["state"], shown["result"]), ("COMPLETED", "SUCCESS"))
        self.assertEqual(shown["imageId"], stage["outputs"]["imageId"])
        self.assertIn("version: 1", shown["inputs"])
        log = self.server.get(f"/bakery/logs/local/{id}")
        self.assertTrue(log.headers["Content-Type"].startswith("text/plain"))
        self.assertIn(f"Source: {self.folder}\nFiles: 1, with", log.body)
        *lines, (kind, _, end) = self.follow(id)
        self.assertEqual("".join(data["text"] for _, _, data in lines), log.body)
        self.assertEqual((kind, end["state"], end["result"]), ("end", "COMPLETED", "SUCCESS"))
        (_, _, only_end), = self.follow(id, last_id=lines[-1][1])
        self.assertEqual(only_end["imageId"], stage["outputs"]["imageId"])
        for path in ("/bakes/01X-0123456789", "/bakes/x/log", "/bakery/logs/local/..%2Fx", "/bakery/logs/local/01X-0123456789"):
            self.assertEqual(self.server.get(path).status, 404, path)

    def test_a_log_is_followed_while_it_is_written(self):
        for number in range(400):
            self.write(f"file-{number}", "x" * 200_000)
        execution = self.server.run_stages(bake(self.folder))
        events = self.follow(wait_until(lambda: self.begun(execution), 30, "the bake begins"))
        self.assertEqual([event for event, _, _ in events][-1], "end")
        self.assertEqual(events[-1][2]["result"], "SUCCESS")
        self.assertTrue(events[-1][2]["imageId"].startswith("demo-1-"))
        self.assertIn("Digest: sha256:", "".join(data.get("text", "") for _, _, data in events))

    def test_a_failure_says_how_the_log_ends(self):
        os.symlink("/etc/passwd", os.path.join(self.folder, "link"))
        stage = self.run_bake(status="TERMINAL")
        message = stage["context"]["exception"]["details"]["errors"][0]
        self.assertIn("the link 'link' leads out of it", message)
        self.assertIn(f"Source: {self.folder}", message)
        id = stage["context"]["status"]["id"]
        self.assertEqual(stage["context"]["status"]["result"], "FAILURE")
        self.assertIn("Failed: bake: settings.source:", self.server.get(f"/bakery/logs/local/{id}").body)
        self.assertEqual(self.follow(id)[-1][2]["result"], "FAILURE")
        os.remove(os.path.join(self.folder, "link"))
        self.assertFalse(self.run_bake()["outputs"]["previouslyBaked"])

    def test_equal_bakes_at_once_make_one_image(self):
        self.write("large", "y" * 20_000_000)
        executions = [self.server.run_stages(bake(self.folder)) for _ in range(4)]
        ended = [self.server.wait_for(execution) for execution in executions]
        children = [next(s for s in e["stages"] if s.get("parentStageId")) for e in ended]
        self.assertEqual({child["status"] for child in children}, {"SUCCEEDED"})
        self.assertEqual(sum("kato.tasks" in child["context"] for child in children), 1, children)
        self.assertEqual(len({child["outputs"]["imageId"] for child in children}), 1)

    def test_base_images(self):
        base = tempfile.mkdtemp(prefix="gennaker-bakery-")
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        with open(os.path.join(base, "beneath"), "w") as file:
            file.write("beneath")
        self.run_bake(source=base, package="base")
        shown = [{"id": "plain", "shortDescription": "what all have"}]
        self.assertEqual(self.server.get("/bakery/options").json, [{"cloudProvider": "local", "baseImages": shown}])
        self.assertEqual(self.server.get("/bakery/options/local").json["baseImages"], shown)
        self.assertEqual(self.server.get("/bakery/options/docker").json["baseImages"], [])
        image = self.run_bake(baseOs="plain")["outputs"]["imageId"]
        files = os.path.join(self.server.data, "local/local/images", image, "files")
        self.assertEqual(sorted(os.listdir(files)), ["VERSION", "beneath"])
        self.assertTrue(self.run_bake(baseOs="plain")["outputs"]["previouslyBaked"])
        refused = self.run_bake(status="TERMINAL", baseOs="plan")
        self.assertIn("did you mean 'plain'?", refused["context"]["exception"]["details"]["errors"][0])

    def test_the_command_line(self):
        id = self.run_bake()["context"]["status"]["id"]
        self.assertIn("COMPLETED SUCCESS", self.server.command("bake", "get", id).stdout)
        log = self.server.get(f"/bakery/logs/local/{id}").body
        self.assertEqual(self.server.command("bake", "log", id).stdout, log)
        followed = self.server.command("bake", "log", id, "--follow")
        self.assertEqual((followed.returncode, followed.stdout), (0, f"{log}{id}: COMPLETED SUCCESS\n"))
        self.assertEqual(self.server.command("bake", "log", "01X-0123456789").returncode, 4)

    def test_logs_outlive_the_server(self):
        id = self.run_bake()["context"]["status"]["id"]
        log = self.server.get(f"/bakery/logs/local/{id}").body
        self.server.stop()
        self.server.start()
        self.assertEqual(self.server.get(f"/bakery/logs/local/{id}").body, log)
        self.assertEqual(self.follow(id)[-1][0], "end")
        self.assertTrue(self.run_bake()["outputs"]["previouslyBaked"])


class Configuration(unittest.TestCase):
    def test_a_wrong_base_image_is_refused_by_name(self):
        server = Server(local="bakery: {baseImages: [{id: x, cloudProvider: lokal, image: y}]}\n")
        with self.assertRaisesRegex(AssertionError, r"bakery\.baseImages\[0\]\.cloudProvider: 'lokal' is none of local"):
            server.start()
        server.__exit__()


if __name__ == "__main__":
    main()
