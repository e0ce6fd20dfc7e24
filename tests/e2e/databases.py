"""A PostgreSQL of a test's own, which ends with the test, also when that is killed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness import free_port, wait_until

PROGRAMS = "/usr/lib/postgresql/15/bin"


def unprivileged():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class PostgresServer:
    """Use as a context manager. It has the user "gennaker", who owns the database of that name."""

    password = "s3cret/@word"

    def make_folder(self):
        self.folder = tempfile.mkdtemp(prefix="gennaker-postgres-")
        self.port = free_port()
        user = unprivileged()
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)

    def __enter__(self):
        self.make_folder()
        self.run("initdb", "--pgdata", f"{self.folder}/data", "--username=postgres", "--auth-local=trust",
                 "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        self.sql(f"CREATE ROLE gennaker LOGIN PASSWORD '{self.password}'")
        self.sql("CREATE DATABASE gennaker OWNER gennaker")
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"postgresql://gennaker:s3cret%2F%40word@127.0.0.1:{self.port}/gennaker"

    def command(self, program, *arguments):
        user = unprivileged()
        become = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
        return ["setpriv", "--pdeathsig", "KILL", *become, "--", f"{PROGRAMS}/{program}", *arguments]

    def run(self, program, *arguments):
        done = subprocess.run(self.command(program, *arguments), capture_output=True, text=True, cwd="/", check=False)
        assert done.returncode == 0, f"{program}: {done.stderr} (./dev setup installs postgresql-15)"
        return done.stdout.strip()

    def sql(self, text, database="postgres"):
        return self.run("psql", "-XAtq", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-c", text, database)

    def start(self):
        with open(f"{self.folder}/postgres.log", "ab") as log:
            self.process = subprocess.Popen(
                self.command("postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-p", str(self.port),
                             "-c", "listen_addresses=127.0.0.1"), stdout=log, stderr=log, cwd="/")
        wait_until(self.answers, 60, "PostgreSQL starts")

    def answers(self):
        ready = self.command("pg_isready", "-q", "-h", self.folder, "-p", str(self.port))
        return subprocess.run(ready, cwd="/", check=False).returncode == 0

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait()

    def standby(self):
        """A server that follows this one, and without which nothing is committed here. Use as a context manager."""
        return StandbyServer(self)


class StandbyServer(PostgresServer):
    def __init__(self, primary):
        self.primary = primary

    def __enter__(self):
        self.make_folder()
        self.run("pg_basebackup", "-h", self.primary.folder, "-p", str(self.primary.port), "-U", "postgres",
                 "-D", f"{self.folder}/data", "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast")
        self.start()
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("SELECT pg_reload_conf()")
        wait_until(lambda: self.primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1", 20,
                   "the standby follows")
        return self

    def promote(self):
        self.sql("SELECT pg_promote()")
