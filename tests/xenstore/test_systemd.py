# SPDX-License-Identifier: MIT
"""The unit under a real systemd, process 1 of namespaces of its own.

The unit is the one that is installed, sandbox and all; only the binary's place
and what has to do with a hypervisor are replaced.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import daemon as daemon_module
import wire

# It depends on how this host's kernel and systemd go together.
pytestmark = pytest.mark.full

SYSTEMD = pathlib.Path("/lib/systemd/systemd")
UNIT = daemon_module.TOP / "xenstore" / "systemd" / "lodge-xenstored.service"
SERVICE = UNIT.name
BINARY = "/run/lodge-xenstored"
LIMIT_S = 60

BOOT = """
mount --make-rprivate / &&
mount -t tmpfs none /run &&
mkdir -p /run/systemd/system &&
cp %(units)s/* /run/systemd/system &&
cp %(binary)s """ + BINARY + """ &&
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lodge \
    %(systemd)s --system --unit=empty.target --log-target=console
"""


def unit_for_test():
    """The unit without a hypervisor."""
    text = UNIT.read_text()
    lines = [line for line in text.splitlines()
             if "proc-xen" not in line and not line.startswith("Condition")]
    text, found = re.subn(r"ExecStart=\S+", "ExecStart=%s --no-domains"
                          % BINARY, "\n".join(lines))
    assert found == 1
    # There is no basic system to come up first.
    return text.replace("[Unit]", "[Unit]\nDefaultDependencies=no") + "\n"


class Manager:
    def __init__(self, directory):
        units = directory / "units"
        units.mkdir()
        (units / SERVICE).write_text(unit_for_test())
        (units / "empty.target").write_text(
            "[Unit]\nDefaultDependencies=no\n")
        self.log_path = directory / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--fork", "--pid", "--mount", "--mount-proc",
                 "--cgroup", "--uts", "--ipc", "--kill-child", "sh", "-c",
                 BOOT % {"units": units, "binary": daemon_module.FAST,
                         "systemd": SYSTEMD}], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def init(self):
        """Its process 1, as we number it."""
        pid = self.process.pid
        children = pathlib.Path("/proc/%d/task/%d/children" % (pid, pid))
        return int(children.read_text().split()[0])

    def run(self, *command):
        return subprocess.run(
            ["nsenter", "-t", str(self.init), "-m", "-p", "-C", *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, timeout=LIMIT_S)

    def show(self, name):
        out = self.run("systemctl", "show", "-p", name, "--value", SERVICE)
        return out.stdout.strip()

    def inside(self, path):
        return pathlib.Path("/proc/%d/root%s" % (self.init, path))

    def pid(self, which):
        return self.inside("/run/xenstored/state/%s.pid"
                           % which).read_text().strip()

    def kill(self, *which, by="-9"):
        done = self.run("kill", by, *(self.pid(w) for w in which))
        assert done.returncode == 0, done.stdout

    def wait(self, condition):
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                if condition():
                    return
            except (OSError, ValueError, IndexError):
                pass
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def client(self):
        return wire.Client(self.inside("/run/xenstored/socket"))

    def close(self):
        if self.process.poll() is None:
            try:
                os.kill(self.init, signal.SIGKILL)
            except IndexError:
                pass
            self.process.wait(LIMIT_S)


@pytest.fixture
def manager():
    if not SYSTEMD.exists() or os.geteuid():
        pytest.skip("needs systemd's binary and root")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="xs"))
    m = Manager(directory)
    try:
        end = time.monotonic() + LIMIT_S
        while True:
            if m.process.poll() is not None:
                pytest.skip("systemd does not run in namespaces here: "
                            + m.log())
            try:
                if m.run("systemctl", "is-active",
                         "empty.target").stdout.strip() == "active":
                    break
            except (OSError, IndexError, subprocess.TimeoutExpired):
                pass
            if time.monotonic() > end:
                pytest.skip("systemd does not come up here: " + m.log())
            time.sleep(0.1)
        yield m
    finally:
        m.close()
        shutil.rmtree(directory, ignore_errors=True)


def test_unit(manager):
    started = manager.run("systemctl", "start", SERVICE)
    assert started.returncode == 0, started.stdout + manager.log()
    # Readiness was told: clients are served at once.
    client = manager.client()
    client.write("/a", b"1")
    assert manager.show("MainPID") == manager.pid("keeper")

    daemon = manager.pid("daemon")
    manager.kill("daemon")
    manager.wait(lambda: manager.pid("daemon") != daemon)
    assert client.read("/a") == b"1"

    keeper = manager.pid("keeper")
    manager.kill("keeper")
    manager.wait(lambda: manager.pid("keeper") != keeper)
    assert client.read("/a") == b"1"
    manager.wait(lambda: manager.show("MainPID") == manager.pid("keeper"))
    assert manager.show("ActiveState") == "active"
    assert manager.show("NRestarts") == "0"
    manager.client().write("/a", b"2")
    assert client.read("/a") == b"2"

    # Both at once (neither may replace the other): systemd starts them anew,
    # and the tree is there.
    keeper = manager.pid("keeper")
    manager.kill("daemon", by="-STOP")
    manager.kill("keeper", "daemon")
    manager.wait(lambda: manager.show("NRestarts") == "1")
    manager.wait(lambda: manager.pid("keeper") != keeper)
    manager.wait(lambda: manager.show("ActiveState") == "active")
    assert manager.client().read("/a") == b"2"

    # The store is not stopped by mistake.
    assert manager.run("systemctl", "stop", SERVICE).returncode != 0
    assert manager.show("ActiveState") == "active"
