"""Stores that cannot be used, at the start and in the middle: a message that says what to do, nothing lost, and the
server goes on by itself as soon as it can."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from databases import PostgresServer, unprivileged
from harness import GENNAKER, Server, free_port, main, outline, wait_until

JUDGED = {"application": "demo", "name": "Judged", "stages": [
    {"refId": "1", "type": "manualJudgment", "name": "Go on?"},
    {"refId": "2", "type": "wait", "waitTime": 0, "requisiteStageRefIds": ["1"]}]}


def health(server, part=""):
    return server.get("/health" + part)


def trouble(server):
    """Why the server is not ready; None when it is."""
    try:
        answer = health(server, "/readiness")
    except OSError:
        return "nobody listens"  # between waiting for the store and serving
    if answer.status == 200:
        return None
    assert (answer.status, answer.json["status"]) == (503, "DOWN"), answer
    return answer.json["components"]["store"]["details"]["error"]


class Bad(unittest.TestCase):
    def refused(self, store, *words, before=()):
        """`gennaker serve` ends with status 1, and says these words."""
        with tempfile.TemporaryDirectory(prefix="gennaker-e2e-") as data:
            os.chmod(data, 0o777)
            done = subprocess.run([*before, GENNAKER, "serve", "--data", data + "/data", "--port", str(free_port()),
                                   "--store", store], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn("terminate called", done.stderr)
        self.assertNotIn("s3cret", done.stderr)

    def prepare(self, server):
        server.save_application()
        server.save_pipeline(JUDGED)
        return self.begin(server)

    def begin(self, server):
        id = server.run("Judged")
        server.wait_for_stage(id, "1")
        return id

    def judge(self, server, id):
        stage = server.wait_for_stage(id, "1")
        return server.request("PATCH", f"/pipelines/{id}/stages/{stage['id']}", {"judgmentStatus": "continue"})

    def judge_later(self, server, id, patience=60):
        """The judgment in a thread of its own: it may be answered when the store is back."""
        def judge():
            def look():
                try:
                    return self.judge(server, id).status == 200
                except (OSError, AssertionError, KeyError):  # an answer that says why it is none
                    return False
            wait_until(look, patience, "the judgment is taken", must=False, pause=0.2)
        thread = threading.Thread(target=judge)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def expect_down(self, server, *words, patience=20):
        """Not ready, with these words, and alive."""
        found = wait_until(lambda: trouble(server), patience, f"readiness is DOWN: {words}")
        for word in words:
            self.assertIn(word, found)
        self.assertNotIn("s3cret", found)
        self.assertEqual(health(server).status, 503)
        alive = health(server, "/liveness")
        self.assertEqual((alive.status, alive.json), (200, {"status": "UP"}))

    def expect_up(self, server, patience=60):
        wait_until(lambda: trouble(server) is None, patience, "readiness is UP")
        self.assertEqual((health(server).status, health(server).json), (200, {"status": "UP"}))

    def expect_success(self, server, id):
        ended = server.wait_for(id)
        self.assertEqual(ended["status"], "SUCCEEDED", outline(ended))
        self.assertEqual([s["status"] for s in ended["stages"]], ["SUCCEEDED"] * 2, outline(ended))


class SqliteAtTheStart(Bad):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gennaker-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o777)
        with Server() as server:
            self.id = self.prepare(server)
            server.stop()
            shutil.copy(os.path.join(server.data, "gennaker.db"), self.file)

    @property
    def file(self):
        return os.path.join(self.folder, "gennaker.db")

    @property
    def store(self):
        return "sqlite:" + self.file

    def expect_unharmed(self):
        with Server(store=self.store) as server:
            self.assertEqual(self.judge(server, self.id).status, 200)
            self.expect_success(server, self.id)

    def test_that_is_read_only(self):
        user = unprivileged()  # root may write everything
        before = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"] if user else []
        os.chmod(self.file, 0o444)
        self.refused(self.store, self.file, "for writing", "must be allowed to write", before=before)
        os.remove(self.file + ".lock")
        os.chmod(self.file, 0o666)
        os.chmod(self.folder, 0o555)
        self.refused(self.store, self.file + ".lock", "must be allowed to write", before=before)
        os.chmod(self.folder, 0o777)
        self.expect_unharmed()

    def test_that_another_program_has_locked(self):
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as shell:
            shell.execute("BEGIN EXCLUSIVE")
            self.refused(self.store, "another program holds a lock on", self.file, "close it")
        self.expect_unharmed()

    def test_that_is_truncated(self):
        whole = os.path.getsize(self.file)
        for size in (whole // 2, 4096, 1000, 60):
            with self.subTest(size=size):
                shutil.copy(self.file, self.file + ".cut")
                os.truncate(self.file + ".cut", size)
                self.refused(self.store + ".cut", self.file + ".cut is damaged", "restore a backup")
                self.assertEqual(os.path.getsize(self.file + ".cut"), size, "left alone")
        self.expect_unharmed()

    def test_of_a_newer_version(self):
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute(f"PRAGMA user_version = {version + 1}")
            self.refused(self.store, "newer version of Gennaker", f"schema {version + 1}, this one knows {version}", "restore a backup")
            database.execute(f"PRAGMA user_version = {version}")
        self.expect_unharmed()

    def test_that_is_not_a_database(self):
        with open(self.file + ".txt", "w") as file:
            file.write("my notes\n" * 1000)
        self.refused(self.store + ".txt", "is not an SQLite database", "name another file")
        with contextlib.closing(sqlite3.connect(self.file + ".other")) as database:
            database.execute("CREATE TABLE theirs(x)")
        self.refused(self.store + ".other", "database of another program", "name another file")
        self.refused("sqlite:/proc/nowhere/gennaker.db", "/proc/nowhere", "its directory must exist")


class SmallDisk:
    """A file system of a few megabytes; without the right to mount one, a limit for the server's files."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="gennaker-e2e-small-")
        mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", self.folder]
        self.mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(self, server):
        if not self.mounted:
            size = str(os.path.getsize(self.folder + "/gennaker.db-wal"))
            subprocess.run(["prlimit", "--pid", str(server.process.pid), f"--fsize={size}:"], check=True)
            return
        with open(self.folder + "/ballast", "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(b"x" * 1024):
                    pass

    def free(self, server):
        if self.mounted:
            os.remove(self.folder + "/ballast")
        else:
            subprocess.run(["prlimit", "--pid", str(server.process.pid), "--fsize=unlimited:"], check=True)


class SqliteInTheMiddle(Bad):
    def test_a_full_disk(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # what we start inherits it, for a disk that is a limit
        with SmallDisk() as disk, Server(store=f"sqlite:{disk.folder}/gennaker.db") as server:
            id, lasting = self.prepare(server), self.begin(server)
            disk.fill(server)
            # A log has room left in its last page, and then no more.
            self.judge_later(server, id)
            big = threading.Thread(target=self.run_big, args=(server,))
            big.start()
            self.expect_down(server, disk.folder, "no space left" if disk.mounted else "cannot read or write")
            self.assertEqual(server.execution(lasting)["status"], "RUNNING", "reading goes on")
            disk.free(server)
            self.expect_up(server)
            big.join()
            self.expect_success(server, id)
            self.judge_later(server, lasting).join()
            self.expect_success(server, lasting)
            self.assertEqual(len(server.get("/applications/demo/executions/search").json), 3)

    def run_big(self, server):
        """An execution of which a commit needs more than what may be left over."""
        try:
            server.run_stages({"refId": "1", "type": "wait", "waitTime": 0, "comments": "x" * 200_000})
        except OSError:
            pass  # the answer may take longer than the client waits

    def test_a_lock_that_another_program_keeps(self):
        with Server() as server:
            id = self.prepare(server)
            with contextlib.closing(sqlite3.connect(server.data + "/gennaker.db", isolation_level=None)) as shell:
                shell.execute("BEGIN IMMEDIATE")
                self.judge_later(server, id)
                self.expect_down(server, "another program holds a lock", "gennaker.db", patience=30)
                self.assertEqual(server.execution(id)["status"], "RUNNING", "reading goes on")
            self.expect_up(server)
            self.expect_success(server, id)


class PostgresAtTheStart(Bad):
    def test_that_is_down(self):
        with PostgresServer() as database:
            database.stop()
            with Server(store=database.url, awaits="/health/liveness") as server:
                self.expect_down(server, "cannot connect to postgresql://gennaker@127.0.0.1", "refused")
                answer = server.get("/applications")
                self.assertEqual(answer.status, 503)
                self.assertIn("waits for its store", answer.json["message"])
                self.assertEqual(server.get("/health/nonsense").status, 503)
                database.start()
                self.expect_up(server)
                id = self.prepare(server)
                self.assertEqual(self.judge(server, id).status, 200)
                self.expect_success(server, id)
                self.assertEqual(server.log().count("waiting for the store"), 1, server.log())
            database.stop()
            with Server(store=database.url, awaits="/health/liveness") as server:
                self.expect_down(server)
                server.process.terminate()
                self.assertIn(server.process.wait(timeout=5), (0, -signal.SIGTERM))
            database.start()

    def test_that_does_not_let_the_user_in(self):
        with PostgresServer() as database:
            wrong = database.url.replace("s3cret%2F%40word", "s3cret")
            self.refused(wrong, "password authentication failed", "check user and password", "~/.pgpass")
            self.refused(database.url + "2", "does not exist", "create it")
            database.sql("CREATE ROLE other LOGIN PASSWORD 's3cret'")
            self.refused(wrong.replace("gennaker:", "other:"), "permission denied", "make this user the database's owner")
            with open(f"{database.folder}/data/pg_hba.conf", "w") as rules:
                rules.write("local all all trust\n")
            database.sql("SELECT pg_reload_conf()")
            wait_until(lambda: "no pg_hba.conf entry" in self.psql_complaint(database), 10, "the rules are read")
            self.refused(database.url, "no pg_hba.conf entry", "check user and password")

    def psql_complaint(self, database):
        return subprocess.run(["psql", database.url, "-c", "SELECT 1"], capture_output=True, text=True, check=False).stderr

    def test_that_has_no_connection_left(self):
        with PostgresServer() as database:
            database.sql("ALTER SYSTEM SET max_connections = 6")
            database.stop()
            database.start()
            crowd = [self.session(database) for _ in range(3)]
            with Server(store=database.url, awaits="/health/liveness") as server:
                self.expect_down(server, "connection slots are reserved", "raise max_connections")
                for session in crowd:
                    session.kill()
                    session.wait()
                self.expect_up(server)
                # And again in the middle: what the server has it keeps, more it cannot get.
                id = self.prepare(server)
                database.sql("ALTER ROLE gennaker CONNECTION LIMIT 0")
                database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gennaker'")
                self.expect_down(server, "too many connections", "end other sessions")
                self.judge_later(server, id)
                database.sql("ALTER ROLE gennaker CONNECTION LIMIT -1")
                self.expect_up(server)
                self.expect_success(server, id)

    def session(self, database):
        one = subprocess.Popen(["psql", "-XAtq", database.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        one.stdin.write(b"SELECT 'here';\n")
        one.stdin.flush()
        self.assertEqual(one.stdout.readline(), b"here\n")
        self.addCleanup(one.communicate)
        return one


class PostgresInTheMiddle(Bad):
    def test_a_password_and_rights_that_are_taken_away(self):
        with PostgresServer() as database, Server(store=database.url) as server:
            id, other = self.prepare(server), self.begin(server)
            database.sql("ALTER ROLE gennaker PASSWORD 'another'")
            database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gennaker'")
            self.expect_down(server, "password authentication failed", "check user and password")
            self.judge_later(server, id)
            database.sql(f"ALTER ROLE gennaker PASSWORD '{database.password}'")
            self.expect_up(server)
            self.expect_success(server, id)

            database.sql("REVOKE INSERT, UPDATE ON executions FROM gennaker", "gennaker")
            self.judge_later(server, other)
            self.expect_down(server, "permission denied", "grant it the right")
            self.assertEqual(server.execution(other)["status"], "RUNNING", "reading goes on")
            database.sql("GRANT ALL ON executions TO gennaker", "gennaker")
            self.expect_up(server)
            self.expect_success(server, other)
            self.assertNotIn("s3cret", server.log())

    def test_a_database_that_is_frozen(self):
        """It neither answers nor ends the connection."""
        with PostgresServer() as database, Server(store=database.url) as server:
            id = self.prepare(server)
            backends = database.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'gennaker'").split()
            frozen = [*map(int, backends), database.process.pid]
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                self.expect_down(server, "has not answered")
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)
            self.expect_up(server)
            self.assertEqual(self.judge(server, id).status, 200)
            self.expect_success(server, id)

    def test_a_connection_lost_in_the_middle_of_a_commit(self):
        """Before COMMIT has arrived, and after it has been carried out but not answered: 10 times each."""
        with PostgresServer() as database, Proxy(database.port) as proxy:
            url = database.url.replace(f":{database.port}", f":{proxy.port}") + "?sslmode=disable&gssencmode=disable"
            with Server(store=url) as server:
                server.save_application()
                server.save_pipeline(JUDGED)
                ids = []
                for round in range(20):
                    proxy.cut_at_next_commit("before" if round % 2 else "after")
                    ids.append(server.run("Judged"))
                    proxy.cut_at_next_commit("after" if round % 2 else "before")
                    self.judge_later(server, ids[-1]).join()
                for id in ids:
                    self.expect_success(server, id)
                self.assertGreaterEqual(proxy.cuts, 30, "connections were cut at commits")
                self.expect_up(server)
                found = database.sql("SELECT count(*), count(DISTINCT id) FROM executions WHERE name = 'Judged'", "gennaker")
                self.assertEqual(found, "20|20")
                # A number of the feed is used once, and none is left out.
                feed = database.sql("SELECT count(*) = max(sequence) - min(sequence) + 1,"
                                    " max(sequence) = (SELECT sequence FROM feed_head) FROM feed", "gennaker")
                self.assertEqual(feed, "t|t")
                # What was written and not answered was found out, and not told again.
                twice = database.sql("SELECT count(*) FROM (SELECT FROM feed GROUP BY at, subject, body HAVING count(*) > 1) AS twice",
                                     "gennaker")
                self.assertEqual(twice, "0")


class Proxy:
    """Stands between a server and its database, and cuts connections at a COMMIT."""

    def __init__(self, to):
        self.to, self.cuts, self.when = to, 0, None
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut_at_next_commit(self, when):
        with self.lock:
            self.when = when

    def take_cut(self):
        with self.lock:
            when, self.when = self.when, None
            self.cuts += when is not None
            return when

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            database = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self.forward, args=(client, database), daemon=True).start()
            threading.Thread(target=self.answer, args=(database, client), daemon=True).start()

    def forward(self, client, database):
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 20):
                cut = self.take_cut() if b"COMMIT\0" in data else None
                if cut != "before":
                    database.sendall(data)
                if cut == "after":
                    time.sleep(0.05)  # long enough for the database to have committed
                if cut:
                    break
        self.close(client, database)

    def answer(self, database, client):
        with contextlib.suppress(OSError):
            while data := database.recv(1 << 20):
                client.sendall(data)
        self.close(client, database)

    def close(self, *sockets):
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
