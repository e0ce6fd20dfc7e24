"""A real Podman of one's own, for servers that are to deploy containers."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

from harness import DEMO_SERVICE, Cloud, demo_source, wait_until

CONTAINERS_CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration", "docker", "containers.conf")


class Podman:
    """With images and containers of its own, gone at the end. It serves the Docker Engine API on `address`."""

    def __init__(self):
        self.place = tempfile.mkdtemp(prefix="gennaker-podman-")
        self.address = f"unix://{self.place}/engine.sock"
        for name in ("root", "run", "state", "networks", "tmp"):
            os.mkdir(os.path.join(self.place, name))
        with open(CONTAINERS_CONF) as template, open(os.path.join(self.place, "containers.conf"), "w") as file:
            head, tail = template.read().rsplit("{networks}", 1)
            file.write(f"{head}{self.place}/networks{tail}")
        self.environment = {**os.environ, "CONTAINERS_CONF": f"{self.place}/containers.conf", "TMPDIR": f"{self.place}/tmp"}
        self.service = None
        self.serve()

    def command(self, *arguments):
        return ["podman", "--root", f"{self.place}/root", "--runroot", f"{self.place}/run", "--tmpdir", f"{self.place}/state",
                "--storage-driver", "vfs", "--log-level", "warn", *arguments]

    def serve(self):
        """Again after lose()."""
        with open(f"{self.place}/engine.log", "ab") as log:
            self.service = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.command("system", "service", "--time=0", self.address)],
                env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: subprocess.run(["curl", "-fsS", "--unix-socket", f"{self.place}/engine.sock", "http://localhost/_ping"],
                                          capture_output=True, check=False).returncode == 0, 30, "Podman answers")

    def lose(self):
        """Ends what speaks the API, as by SIGKILL; containers go on."""
        self.service.send_signal(signal.SIGKILL)
        self.service.wait()

    def run(self, *arguments):
        return subprocess.run(self.command(*arguments), env=self.environment, check=True, capture_output=True, text=True).stdout

    def close(self):
        try:
            self.run("rm", "--all", "--force", "--time", "0")
        finally:
            self.service.terminate()
            self.service.wait()
            with open("/proc/self/mounts") as mounts:
                mounted = [line.split()[1] for line in mounts if f" {self.place}/" in line]
            for path in reversed(mounted):
                subprocess.run(["umount", "--lazy", path], check=False)
            shutil.rmtree(self.place, ignore_errors=True)


class DockerCloud(Cloud):
    """Podmans as the hosts "a", "b" ... of the account "prod"."""

    name, account, region = "docker", "prod", "docker"

    def __init__(self, hosts=1):
        self.hosts = [Podman() for _ in range(hosts)]
        first = 20000 + (os.getpid() * 97) % 8000 // 200 * 200
        places = "".join(f"        - {{name: {chr(97 + number)}, address: '{host.address}'}}\n" for number, host in enumerate(self.hosts))
        self.config = (f"docker:\n  firstPort: {first}\n  lastPort: {first + 199}\n  accounts:\n    - name: prod\n      hosts:\n{places}")
        self.settings = {"network": "host", "command": ["/demo-service"]}

    def source(self, folder, version):
        """A folder with a Containerfile: the demo service, its libraries, and the version."""
        path = demo_source(folder, version)
        linked = subprocess.run(["ldd", DEMO_SERVICE], check=True, capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", linked):
            place = os.path.join(path, "rootfs", library.lstrip("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(library, place)
        with open(os.path.join(path, "Containerfile"), "w") as file:
            file.write("FROM scratch\nCOPY rootfs/ /\nCOPY VERSION demo-service /\nWORKDIR /\nCMD [\"/demo-service\"]\n")
        return path

    def close(self):
        for host in self.hosts:
            host.close()
