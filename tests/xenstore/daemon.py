# SPDX-License-Identifier: MIT
"""daemon.py - run a xenstore daemon for a test"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import wire

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
FAST = BUILD / "bin" / "lodge-xenstored"
CHECKED = BUILD / "xenstore" / "asan" / "lodge-xenstored"
FAKEXEN = BUILD / "xenstore" / "fakexen.so"
START_S = 60


def alive(pid):
    """Is there such a process, and not only its exit status?"""
    try:
        stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Daemon:
    """lodge-xenstored with a directory of its own.

    domains=True puts fakexen.so under it and lets the test play domains.
    """

    def __init__(self, binary=None, domains=False, options=(), wrapper=(),
                 state=None):
        if binary is None:
            binary = FAST if domains else CHECKED
        assert binary.exists(), "%s is not built: use make" % binary
        # Names of sockets are short; pytest's directories are not.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xs"))
        self.state = state or self.dir / "state"
        self.socket = self.dir / "socket"
        self.fake = self.dir / "fake"
        self.log_path = self.dir / "log"
        self.command = [*wrapper, str(binary), "--foreground",
                        "--run-dir", str(self.dir),
                        "--state-dir", str(self.state), *options]
        self.env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1")
        if domains:
            self.fake.mkdir()
            (self.fake / "xsd_port").write_text("3")
            self.dom0 = wire.RingTransport(self.fake, 0, 3)
            self.env.update(LD_PRELOAD=str(FAKEXEN),
                            FAKEXEN_DIR=str(self.fake))
        else:
            self.command.append("--no-domains")
        self.process = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log,
                                            stdout=log, env=self.env)
        self.wait_for_pid(0)

    def wait_for_pid(self, old):
        """Wait until a daemon other than the old one serves."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                pid = int((self.state / "daemon.pid").read_text())
            except (FileNotFoundError, ValueError):
                pid = 0
            if pid and pid != old and alive(pid):
                return pid
            assert self.process.poll() is None or self.keeper_lives(), \
                self.log()
            time.sleep(0.005)
        raise AssertionError("the daemon does not start:\n" + self.log())

    @property
    def pid(self):
        return int((self.state / "daemon.pid").read_text())

    @property
    def keeper(self):
        """The first one is our child; later ones are in a file."""
        try:
            return int((self.state / "keeper.pid").read_text())
        except FileNotFoundError:
            return self.process.pid

    def keeper_lives(self):
        return self.keeper != self.process.pid and \
            alive(self.keeper)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def client(self):
        return wire.Client(self.socket)

    def domain(self, domid, start=0, introduce=True):
        """A domain with a ring; introduced by a client of Dom0."""
        transport = wire.RingTransport(self.fake, domid, start=start)
        if introduce:
            client = self.client()
            client.introduce(domid)
            client.close()
        return wire.Client(transport)

    def end_domain(self, domid, state=None):
        """Let a domain die, or enter a state ("shutdown", "dying")."""
        import socket
        import struct
        if state is None:
            (self.fake / ("dom%d.page" % domid)).unlink()
        else:
            (self.fake / ("dom%d.state" % domid)).write_text(state)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(struct.pack("<II", 0xffff, 0),
                 str(self.fake / "daemon.evt"))
        s.close()

    def kill(self, wait=True):
        """Kill the daemon (not the keeper) as hard as can be; its number."""
        old = self.pid
        os.kill(old, signal.SIGKILL)
        if wait:
            self.wait_for_pid(old)
        return old

    def kill_keeper(self):
        """Kill the keeper as hard as can be; the daemon starts another."""
        old, end = self.keeper, time.monotonic() + START_S
        os.kill(old, signal.SIGKILL)
        while self.keeper == old:
            assert time.monotonic() < end, "no new keeper:\n" + self.log()
            time.sleep(0.005)

    def stop(self):
        """End keeper and daemon in order."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_S)
        elif self.keeper_lives():
            keeper, end = self.keeper, time.monotonic() + START_S
            os.kill(keeper, signal.SIGTERM)
            while alive(keeper):
                assert time.monotonic() < end, "the keeper does not end"
                time.sleep(0.01)
        return self.process.returncode

    def close(self):
        self.stop()
        text = self.log()
        shutil.rmtree(self.dir, ignore_errors=True)
        assert "ERROR: AddressSanitizer" not in text, text
        assert "runtime error:" not in text, text
        assert " fatal: " not in text, text


PKG = BUILD / "pkg" / "xenstore"
DEBIAN_LIBS = PKG / "usr" / "lib" / "x86_64-linux-gnu"
DEBIAN_BIN = PKG / "usr" / "bin"
DEBIAN_DAEMON = PKG / "usr" / "lib" / "xen-4.17" / "bin" / "xenstored"


class DebianDaemon:
    """Debian's xenstored, unmodified, with fakexen.so for a hypervisor."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xs"))
        self.socket = self.dir / "socket"
        (self.dir / "dom0.page").write_bytes(bytes(4096))
        (self.dir / "xsd_port").write_text("3")
        env = dict(os.environ, XENSTORED_RUNDIR=str(self.dir),
                   FAKEXEN_DIR=str(self.dir), LD_PRELOAD=str(FAKEXEN),
                   LD_LIBRARY_PATH=str(DEBIAN_LIBS))
        env.pop("XENSTORED_PATH", None)
        self.process = subprocess.Popen(
            [str(DEBIAN_DAEMON), "-N"], env=env, cwd=self.dir,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while True:
            try:
                self.client().close()
                return
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)

    def client(self):
        return wire.Client(self.socket)

    def close(self):
        self.process.terminate()
        self.process.wait(START_S)
        shutil.rmtree(self.dir, ignore_errors=True)
