"""The command line, as a person and as a script use it."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from harness import GENNAKER, Server, demo_source, deploy_config, free_port, main

DONE, FAILED, USAGE, UNREACHABLE, NOT_THERE, INTERRUPTED = 0, 1, 2, 3, 4, 130
WAIT = {"refId": "1", "type": "wait", "name": "Breathe", "waitTime": 0}
LONG = {"refId": "1", "type": "wait", "name": "Breathe", "waitTime": 2}
JUDGMENT = {"refId": "2", "requisiteStageRefIds": ["1"], "type": "manualJudgment", "name": "Approve"}
FAILING = {"refId": "2", "requisiteStageRefIds": ["1"], "type": "bake", "name": "Bake", "cloudProvider": "local",
           "credentials": "local", "region": "local", "imageName": "demo", "version": "1", "source": "/nowhere"}


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.files = tempfile.TemporaryDirectory(prefix="gennaker-e2e-")
        cls.addClassCleanup(cls.files.cleanup)
        cls.save("Quick", WAIT)
        cls.save("Slow", LONG, {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"], "name": "Rest"})
        cls.save("Failing", WAIT, FAILING)
        cls.save("Asking", WAIT, JUDGMENT)

    @classmethod
    def save(cls, name, *stages):
        cls.server.save_pipeline({"application": "demo", "name": name, "stages": stages})

    def gennaker(self, *arguments, status=DONE, stdin="", **more):
        ended = self.server.command(*arguments, stdin=stdin, **more)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        if status in (USAGE, UNREACHABLE, NOT_THERE):
            self.assertTrue(ended.stderr, "a failure says why on standard error")
        return ended.stdout if status == DONE else ended.stdout + ended.stderr

    def test_runs_vectors_of_expressions(self):
        good = {"id": "a", "template": "${1 + n}", "context": {"n": 2}, "result": 3, "type": "Integer"}
        bad = {"id": "b", "template": "${nope.x}", "result": "x", "type": "String"}
        self.assertEqual(self.gennaker("expression", "test", self.file([good])), "1 passed, 0 failed\n")
        said = self.gennaker("expression", "test", self.file([good, bad]), status=FAILED)
        self.assertIn("1 passed, 1 failed", said)
        self.assertIn("b: ", said)
        self.gennaker("expression", "test", self.file({"no": "list"}), status=FAILED)
        self.gennaker("expression", "test", "/nowhere.json", status=USAGE)

    def test_explains_expressions(self):
        self.save("Explained", {"refId": "1", "type": "evaluateVariables", "name": "Vars",
                                "variables": [{"key": "image", "value": "${'shop-' + parameters.version}"}]},
                  {**WAIT, "refId": "2", "requisiteStageRefIds": ["1"], "name": "Rest", "cluster": "main"})
        self.gennaker("pipeline", "run", "-a", "demo", "-n", "Explained", "-p", "version=7", "--watch")
        run = self.json("execution", "list", "-a", "demo", "-n", "Explained")[0]["id"]
        said = self.gennaker("expression", "explain", "--execution", run, "--stage", "Rest", "${image} on ${cluster}")
        self.assertIn('= "shop-7" (String)', said)
        self.assertIn("image: outputs of stage 'Vars'", said)
        self.assertIn("cluster: this stage's context", said)
        said = self.gennaker("expression", "explain", "--execution", run, "--stage", "2", "${clusterr.length()}",
                             status=FAILED)
        self.assertIn("Did you mean 'cluster'?", said)
        self.assertIn("EL1011E", said)
        answer = self.json("expression", "explain", "${a + 1}", "--context", self.file({"a": 2}))
        self.assertEqual(answer["expressions"][0]["value"], 3)
        got = self.server.get(f"/pipelines/{run}/evaluateExpression?expression=%24%7Btrigger.parameters.version%7D")
        self.assertEqual(got.json["result"], "7")
        got = self.server.get(f"/pipelines/{run}/evaluateExpression?expression=%24%7B%23pipelineId('Quick')%7D")
        self.assertRegex(got.json["result"], "^[0-9a-f-]{36}$")
        got = self.server.post(f"/pipelines/{run}/evaluateVariables?requisiteStageRefIds=1",
                               [{"key": "x", "value": "${image}"}, {"key": "y", "value": "${x + '!'}"}])
        self.assertEqual([one["value"] for one in got.json["result"]], ["shop-7", "shop-7!"])

    def test_explains_what_a_child_knows_of_its_parent(self):
        self.save("Child", WAIT)
        child = next(one for one in self.server.get("/applications/demo/pipelineConfigs").json if one["name"] == "Child")
        self.save("Parent", {"refId": "1", "type": "pipeline", "application": "demo", "pipeline": child["id"]})
        self.gennaker("pipeline", "run", "-a", "demo", "-n", "Parent", "--watch")
        run = self.json("execution", "list", "-a", "demo", "-n", "Child")[0]["id"]
        said = self.gennaker("expression", "explain", "--execution", run, "${trigger.parentExecution.name}")
        self.assertIn('= "Parent" (String)', said)

    def json(self, *arguments):
        return json.loads(self.gennaker(*arguments, "--output", "json"))

    def file(self, content):
        path = os.path.join(self.files.name, "file.json")
        with open(path, "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def start(self, name):
        return self.gennaker("pipeline", "run", "-a", "demo", "-n", name, "--quiet").strip()

    # --- applications ---

    def test_applications(self):
        said = self.gennaker("application", "save", "--name", "shop", "--owner-email", "a@example.com",
                             "--cloud-providers", "local", "--description", "sells things")
        self.assertIn("shop saved", said)
        self.assertIn("a@example.com", self.gennaker("application", "list"))
        self.assertIn("shop", self.gennaker("application", "list", "--quiet").split())
        self.assertIn("sells things", self.gennaker("application", "get", "shop"))
        self.assertEqual(self.json("application", "get", "shop")["attributes"]["email"], "a@example.com")
        self.gennaker("application", "save", "--file", self.file({"name": "shop", "email": "b@example.com"}))
        self.assertEqual(self.json("application", "get", "shop")["attributes"]["email"], "b@example.com")
        self.gennaker("application", "save", "--file", "-", stdin='{"name": "shop", "email": "c@example.com"}')
        self.assertEqual([a["email"] for a in self.json("application", "list") if a["name"] == "shop"],
                         ["c@example.com"])
        self.gennaker("application", "delete", "shop")
        self.assertIn("shop", self.gennaker("application", "get", "shop", status=NOT_THERE))
        self.gennaker("application", "delete", "shop", status=NOT_THERE)

    # --- pipelines ---

    def test_pipelines(self):
        config = {"application": "demo", "name": "From a file", "stages": [WAIT]}
        self.assertIn("From a file", self.gennaker("pipeline", "save", "--file", self.file(config)))
        got = json.loads(self.gennaker("pipeline", "get", "-a", "demo", "-n", "From a file"))
        self.gennaker("pipeline", "save", "-f", self.file({**config, "description": "changed"}))
        again = self.json("pipeline", "get", "-a", "demo", "-n", "From a file")
        self.assertEqual((again["id"], again["description"]), (got["id"], "changed"))
        # What is got can be saved.
        self.gennaker("pipeline", "save", "-f", "-", stdin=json.dumps(again))
        self.assertIn("From a file", self.gennaker("pipeline", "list", "-a", "demo"))
        self.assertIn("From a file", [p["name"] for p in self.json("pipeline", "list", "-a", "demo")])
        self.gennaker("pipeline", "delete", "-a", "demo", "-n", "From a file")
        self.gennaker("pipeline", "get", "-a", "demo", "-n", "From a file", status=NOT_THERE)
        self.gennaker("pipeline", "delete", "-a", "demo", "-n", "From a file", status=NOT_THERE)

    def test_a_pipeline_that_the_server_refuses(self):
        bad = {"application": "demo", "name": "Bad", "stages": [{**WAIT, "requisiteStageRefIds": ["7"]}]}
        self.assertIn("'7'", self.gennaker("pipeline", "save", "-f", self.file(bad), status=FAILED))
        self.assertIn("file.json", self.gennaker("pipeline", "save", "-f", self.file("{"), status=USAGE))
        self.assertIn("/nowhere", self.gennaker("pipeline", "save", "-f", "/nowhere", status=USAGE))
        self.assertIn("--application", self.gennaker("pipeline", "save", "-f", self.file({}), status=USAGE))

    def test_run_and_watch(self):
        said = self.gennaker("pipeline", "run", "-a", "demo", "-n", "Quick", "--watch")
        self.assertRegex(said, r"Breathe: SUCCEEDED")
        self.assertRegex(said.strip().splitlines()[-1], r"demo Quick: SUCCEEDED$")
        self.assertNotIn("\x1b", said, "plain lines where it is no terminal")
        watched = self.json("pipeline", "run", "-a", "demo", "-n", "Quick", "--watch")
        self.assertEqual(watched["status"], "SUCCEEDED")
        started = self.json("pipeline", "run", "-a", "demo", "-n", "Quick", "-p", "a=1", "-p", "b=x=y, z")
        ended = self.server.wait_for(started["id"])
        self.assertEqual(ended["trigger"]["parameters"], {"a": "1", "b": "x=y, z"})
        self.assertIn("SUCCEEDED", self.gennaker("pipeline", "watch", started["id"]))
        self.gennaker("pipeline", "run", "-a", "demo", "-n", "Quick", "-p", "novalue", status=USAGE)

    def test_a_failing_pipeline(self):
        said = self.gennaker("pipeline", "run", "-a", "demo", "-n", "Failing", "--watch", status=FAILED)
        self.assertRegex(said, r"Bake: TERMINAL .*/nowhere")
        id = self.start("Failing")
        self.gennaker("pipeline", "watch", id, status=FAILED)
        self.assertIn("/nowhere", self.gennaker("execution", "get", id))

    # --- executions ---

    def test_executions(self):
        id = self.start("Asking")
        self.server.wait_for_stage(id, "2")
        self.assertIn(id, self.gennaker("execution", "list", "-a", "demo", "--status", "RUNNING"))
        self.assertEqual([e["id"] for e in self.json("execution", "list", "-a", "demo", "-n", "Asking",
                                                    "--status", "RUNNING")], [id])
        shown = self.gennaker("execution", "get", id)
        self.assertIn("waits for a person", shown)
        self.assertIn(f"gennaker execution judge {id} continue|stop", shown)
        self.gennaker("execution", "judge", id, "perhaps", status=USAGE)
        self.gennaker("execution", "judge", id, "continue", "--stage", "Nobody", status=NOT_THERE)
        self.gennaker("execution", "judge", id, "continue", "--stage", "Approve")
        self.gennaker("pipeline", "watch", id)
        self.assertEqual(self.json("execution", "get", id)["status"], "SUCCEEDED")
        self.gennaker("execution", "judge", id, "continue", status=NOT_THERE)

        id = self.start("Asking")
        self.server.wait_for_stage(id, "2")
        self.gennaker("execution", "judge", id, "stop")
        self.gennaker("pipeline", "watch", id, status=FAILED)

        id = self.start("Asking")
        self.server.wait_for_stage(id, "2")
        self.gennaker("execution", "cancel", id, "--reason", "not today & not tomorrow")
        self.gennaker("pipeline", "watch", id, status=FAILED)
        canceled = self.json("execution", "get", id)
        self.assertEqual((canceled["status"], canceled["cancellationReason"]),
                         ("CANCELED", "not today & not tomorrow"))

    def test_clusters(self):
        self.server.save_pipeline(deploy_config(free_port(), name="Deploy"))
        source = demo_source(self.server.data, "7")
        self.gennaker("pipeline", "run", "-a", "demo", "-n", "Deploy", "-p", "version=7", "-p", f"source={source}",
                      "--watch")
        table = self.gennaker("cluster", "list", "-a", "demo")
        self.assertIn("demo-v000", table)
        self.assertRegex(table, r"2")
        self.assertIn("demo-v000", json.dumps(self.json("cluster", "list", "-a", "demo")))

    # --- what is wrong ---

    def test_what_is_not_there(self):
        for arguments in (("application", "get", "nowhere"), ("pipeline", "get", "-a", "demo", "-n", "Nowhere"),
                          ("pipeline", "run", "-a", "demo", "-n", "Nowhere"), ("execution", "get", "01NOWHERE"),
                          ("execution", "cancel", "01NOWHERE"), ("pipeline", "watch", "01NOWHERE"),
                          ("lock", "break", "local", "local", "nowhere", "--reason", "x")):
            with self.subTest(arguments):
                self.assertIn("owhere", self.gennaker(*arguments, status=NOT_THERE).replace("OWHERE", "owhere"))

    def test_an_unreachable_server(self):
        said = self.gennaker("application", "list", "--gate-endpoint", f"http://127.0.0.1:{free_port()}",
                             status=UNREACHABLE)
        self.assertIn("gennaker serve", said)
        self.gennaker("pipeline", "watch", "01X", GENNAKER_GATE=f"http://127.0.0.1:{free_port()}", status=UNREACHABLE)

    def test_wrong_usage(self):
        self.assertIn("there is application, ", self.gennaker("applicaton", "list", status=USAGE).replace(
            "there is serve, ", "there is "))
        self.gennaker(status=USAGE)
        self.gennaker("pipeline", "run", "-a", "demo", status=USAGE)
        self.gennaker("application", "list", "--output", "xml", status=USAGE)
        self.assertIn("pipeline", self.gennaker("--help"))

    def test_completion(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.gennaker("completion", shell)
            self.assertIn("gennaker", script)
        self.gennaker("completion", "tcsh", status=USAGE)
        bash = self.gennaker("completion", "bash")
        subprocess.run(["bash", "-n"], input=bash, text=True, check=True)
        words = subprocess.run(
            ["bash", "--norc", "-c", bash + '\nCOMP_WORDS=(gennaker pipeline "r"); COMP_CWORD=2; COMP_LINE="gennaker pipeline r"'
             '; COMP_POINT=${#COMP_LINE}; $(complete -p gennaker | sed -E "s/.*-F ([^ ]+).*/\\1/") gennaker r pipeline'
             '; printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, check=True).stdout.split()
        self.assertIn("run", words)
        self.assertNotIn("watch", words)

    # --- the live view ---

    def test_a_restarted_server_is_survived(self):
        for signal_number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(signal_number.name):
                command = [GENNAKER, "pipeline", "run", "-a", "demo", "-n", "Slow", "--watch"]
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      env=self.server.environment()) as watch:
                    self.assertTrue(watch.stdout.readline().startswith("http://"))
                    self.server.process.send_signal(signal_number)
                    self.server.process.wait()
                    time.sleep(0.7)
                    self.server.start()
                    said, _ = watch.communicate(timeout=30)
                self.assertEqual(watch.returncode, DONE, said)
                self.assertIn("answers again", said)
                self.assertRegex(said.strip().splitlines()[-1], r"demo Slow: SUCCEEDED$")

    def test_interrupted(self):
        with subprocess.Popen([GENNAKER, "pipeline", "run", "-a", "demo", "-n", "Asking", "--watch"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.server.environment()) as watch:
            url = watch.stdout.readline().strip()
            self.server.wait_for_stage(url.rsplit("/", 1)[1], "2")
            watch.send_signal(signal.SIGINT)
            _, said = watch.communicate(timeout=10)
        self.assertEqual(watch.returncode, INTERRUPTED)
        id = url.rsplit("/", 1)[1]
        self.assertIn(f"gennaker pipeline watch {id}", said)
        self.assertEqual(self.server.execution(id)["status"], "RUNNING")
        self.gennaker("execution", "cancel", id)

    def test_the_live_view(self):
        for name, last, status in (("Slow", "SUCCEEDED", DONE), ("Failing", "TERMINAL", FAILED)):
            with self.subTest(name):
                code, text = self.in_terminal("pipeline", "run", "-a", "demo", "-n", name, "--watch", width=80)
                self.assertEqual(code, status, text)
                self.assertIn("\x1b[", text)
                screen = Screen(80).feed(text)
                self.assertRegex(screen.lines[0], rf"demo · {name} +{last}")
                self.assertEqual(sum("· " + name in line for line in screen.lines), 1, screen.lines)
                self.assertTrue(any("Breathe" in line and "✔" in line for line in screen.lines), screen.lines)
                self.assertTrue(text.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in text.rsplit("\x1b[?25l", 1)[1],
                                "the cursor is shown again")
                if status == FAILED:
                    self.assertTrue(any("/nowhere" in line for line in screen.lines), screen.lines)
                for line in screen.lines[:6]:
                    self.assertLessEqual(len(line), 80)

    def test_no_colours(self):
        _, text = self.in_terminal("pipeline", "run", "-a", "demo", "-n", "Quick", "--watch", "--no-color")
        self.assertNotRegex(text, r"\x1b\[[0-9;]*m")
        _, text = self.in_terminal("pipeline", "run", "-a", "demo", "-n", "Quick", "--watch")
        self.assertRegex(text, r"\x1b\[[0-9;]*m")

    def in_terminal(self, *arguments, width=100):
        """(exit status, all that was written) under a pseudo terminal."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        environment = {name: value for name, value in self.server.environment().items() if name != "NO_COLOR"}
        process = subprocess.Popen([GENNAKER, *arguments], stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True, env={**environment, "TERM": "xterm-256color"})
        os.close(slave)
        text = b""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    part = os.read(master, 65536)
                except OSError:
                    break
                if not part:
                    break
                text += part
            elif process.poll() is not None:
                break
        os.close(master)
        return process.wait(timeout=10), text.decode()


class Screen:
    """What a terminal shows in the end: as much of one as the live view needs."""

    def __init__(self, width):
        self.width, self.lines, self.row, self.column = width, [""], 0, 0

    def feed(self, text):
        for token in re.findall(r"\x1b\[\??[0-9;]*[A-Za-z]|[^\x1b]", text):
            if token == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif token == "\r":
                self.column = 0
            elif token.startswith("\x1b"):
                self.control(token)
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[:self.column] + token + line[self.column + 1:]
                self.column += 1
                if self.column == self.width:  # it wraps
                    self.row, self.column = self.row + 1, 0
                    if self.row == len(self.lines):
                        self.lines.append("")
        return self

    def control(self, token):
        if token.endswith("A"):
            self.row -= int(token[2:-1])
            assert self.row >= 0, "the view went above its first line"
        elif token.endswith("K"):
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif token.endswith("J"):
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]


if __name__ == "__main__":
    main()
