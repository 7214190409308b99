# SPDX-License-Identifier: MIT
"""consoled.py - run lodge-consoled on a host without a hypervisor

The store is our own daemon; fakexen.c stands for the hypervisor, once under
the store and once, in a directory of its own, under consoled: there the file
dom<N>.page is the console of domain N, in the layout of <xen/io/console.h>.
"""
import mmap
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
DAEMON = BUILD / "dom0-tools" / "asan" / "lodge-consoled"
TOOL = BUILD / "dom0-tools" / "asan" / "lodge"
FAKEXEN = BUILD / "xenstore" / "fakexen.so"
LIMIT_S = 60
PORT = 9


def until(ask, what="what is waited for"):
    """Ask until the answer is true; returns it."""
    end = time.monotonic() + LIMIT_S
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Console:
    """The guest's side of its console."""

    IN, OUT = 1024, 2048
    IN_CONS, IN_PROD, OUT_CONS, OUT_PROD = range(768, 772)

    def __init__(self, fake, domid, port=PORT):
        self.fake, self.domid, self.port = fake, domid, port
        path = fake / ("dom%d.page" % domid)
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as page:
            self.map = mmap.mmap(page.fileno(), 4096)
        # One access each: the other side must not see half an index.
        self.words = memoryview(self.map).cast("I")

    def kick(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.sendto(struct.pack("<II", self.domid, self.port),
                         str(self.fake / "daemon.evt"))
            except (FileNotFoundError, ConnectionRefusedError):
                pass            # the daemon is being restarted

    def room(self):
        used = self.words[self.OUT_PROD] - self.words[self.OUT_CONS]
        return self.OUT - used % 2**32

    def write(self, text):
        """All of it, as Linux does: wait while the ring is full."""
        text = text.encode()
        while text:
            until(self.room, "room in the ring")
            part, text = text[:self.room()], text[self.room():]
            prod = self.words[self.OUT_PROD]
            for i, byte in enumerate(part):
                self.map[self.IN + (prod + i) % self.OUT] = byte
            self.words[self.OUT_PROD] = (prod + len(part)) % 2**32
            self.kick()

    def read(self, size):
        """So much of what was typed."""
        def there():
            return (self.words[self.IN_PROD] -
                    self.words[self.IN_CONS]) % 2**32 >= size
        until(there, "typed text")
        cons = self.words[self.IN_CONS]
        data = bytes(self.map[(cons + i) % self.IN] for i in range(size))
        self.words[self.IN_CONS] = (cons + size) % 2**32
        self.kick()
        return data.decode()


def read_all(fd, size):
    """So much of what a descriptor has, as text."""
    os.set_blocking(fd, False)
    data = b""

    def more():
        nonlocal data
        try:
            part = os.read(fd, size - len(data))
        except BlockingIOError:
            part = b""
        data += part
        return len(data) >= size
    until(more, "%d bytes" % size)
    return data.decode()


class Consoled:
    """lodge-consoled with directories of its own, and its guests."""

    def __init__(self, store, *options):
        assert DAEMON.exists(), "%s is not built: use make" % DAEMON
        self.store = store
        self.client = store.client()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="lc"))
        self.fake, self.run = self.dir / "fake", self.dir / "run"
        self.logs, self.said = self.dir / "logs", self.dir / "said"
        self.fake.mkdir()
        self.env = dict(os.environ, LD_PRELOAD=str(FAKEXEN),
                        FAKEXEN_DIR=str(self.fake),
                        XENSTORED_PATH=str(store.socket),
                        ASAN_OPTIONS="verify_asan_link_order=0:"
                        "detect_leaks=0")
        self.command = [str(DAEMON), "--foreground", "--log=guest", "-v",
                        "--run-dir=%s" % self.run, "--log-dir=%s" % self.logs,
                        "--pid-file=%s" % (self.dir / "pid"), *options]
        self.process = None
        self.start()

    def start(self):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(self.command, stderr=said,
                                            env=self.env)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def close(self):
        status = self.process.poll()
        if status is None:
            status = self.stop()
        text = self.said.read_text()
        shutil.rmtree(self.dir, ignore_errors=True)
        assert status == 0, text
        assert "Sanitizer" not in text and "runtime error" not in text, text

    def node(self, domid, name):
        return "/local/domain/%d/%s" % (domid, name)

    def write_nodes(self, domid, port=PORT, **more):
        """What a toolstack writes of a console, in one transaction."""
        nodes = {"console/type": "xenconsoled", "console/output": "pty",
                 "console/limit": "1048576", "console/tty": "",
                 "console/ring-ref": "77", "console/port": str(port)}
        nodes.update(("console/" + name.replace("_", "-"), value)
                     for name, value in more.items())
        tx = self.client.start()
        for name, value in nodes.items():
            self.client.write(self.node(domid, name), value, tx)
        self.client.end(tx)

    def guest(self, domid, name="guest", **nodes):
        """A guest that runs, and is served."""
        side = Console(self.fake, domid)
        self.client.write(self.node(domid, "name"), name)
        self.write_nodes(domid, **nodes)
        self.store.domain(domid).close()
        self.wait_served(domid)
        return side

    def tty(self, domid):
        return self.client.read(self.node(domid, "console/tty")).decode()

    def wait_served(self, domid, before=""):
        """Until it has a terminal, another than @before."""
        return until(lambda: self.tty(domid) not in ("", before) and
                     self.tty(domid), "the console of %d" % domid)

    def connect(self, domid):
        """A reader at the guest's socket."""
        reader = socket.socket(socket.AF_UNIX)
        reader.connect(str(self.run / str(domid)))
        return reader

    def log(self, name):
        return (self.logs / name).read_text()

    def tool(self, *words, **options):
        """Start the tool."""
        return subprocess.Popen([str(TOOL), *words], env=self.env,
                                **options)
