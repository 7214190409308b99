# SPDX-License-Identifier: MIT
"""A hostile client slows another one down by a factor of two at most.

Nothing here looks at a clock of the wall, because the host may be busy with
anything. The daemon is stopped while both clients queue up more requests than
it serves in many turns; then it runs, and both have work all the time. What
counts is how many of the hostile client's requests were carried out before the
last of its victim's, which a request of the victim finds out: the hostile
client numbers its requests in a node. What a request costs is the processor
time that the daemon takes when it has nothing else to do.
"""
import os
import pathlib
import signal
import socket
import struct
import threading
import time

import pytest

import daemon as daemon_module
from wire import HEADER, Type

VICTIM = 1000               # its replies fit into its backlog unread
LIMIT_S = 120
# The order is exact, but the costs are measured on processors that others use
# as well, whose caches are cold now and then.
TOLERANCE = 1.5
RUNS = 5
SO_SNDBUFFORCE = 32

# What the hostile client asks, and how often: payloads by type.
FLOODS = {
    "read": ((Type.READ, b"/size\0"), 12000),
    "write": ((Type.WRITE, b"/evil\0" + b"x" * 200), 6000),
    "long": ((Type.WRITE, b"/evil\0" + b"x" * 2000), 4000),
    "directory": ((Type.DIRECTORY, b"/wide\0"), 3000),
    "missing": ((Type.READ, b"/" + b"a/" * 50 + b"a\0"), 6000),
    "nonsense": ((77, b""), 12000),
}


def message(kind, data):
    return HEADER.pack(kind, 0, 0, len(data)) + data


class Queue:
    """A client that sends all it has to say at once."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                             struct.pack("ll", LIMIT_S, 0))
        self.sock.connect(str(path))
        self.put(message(Type.READ, b"/size\0"))
        assert self.take(1) == b"1000"      # it is served from now on

    def put(self, data):
        for at in range(0, len(data), 65536):
            part = data[at:at + 65536]
            assert self.sock.send(part, socket.MSG_DONTWAIT) == len(part)

    def take(self, number):
        """So many replies; the payload of the last."""
        data = b""
        for _ in range(number):
            while len(data) < HEADER.size or \
                    len(data) < HEADER.size + HEADER.unpack_from(data)[3]:
                more = self.sock.recv(1 << 20)
                assert more
                data += more
            size = HEADER.size + HEADER.unpack_from(data)[3]
            last, data = data[HEADER.size:size], data[size:]
        assert not data
        return last

    def drain(self):
        try:
            while self.sock.recv(1 << 20):
                pass
        except OSError:
            pass


class Server:
    def __init__(self):
        self.daemon = daemon_module.Daemon(binary=daemon_module.FAST)
        client = self.daemon.client()
        client.write("/size", b"1000")
        client.write("/mark", b"0")
        for i in range(1000):
            client.mkdir("/wide/%03d" % i)
        client.close()

    def used_us(self):
        """Processor time that the daemon has had, once it has nothing to do.

        It sleeps then, and its last run is accounted.
        """
        proc = pathlib.Path("/proc/%d" % self.daemon.pid)
        end, last = time.monotonic() + LIMIT_S, None
        while True:
            state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
            now = state, (proc / "schedstat").read_text()
            if state == "S" and now == last:
                return int(now[1].split()[0]) / 1000
            assert time.monotonic() < end
            last = now
            time.sleep(0.02)

    def queued(self, *queues):
        """Let the clients queue up requests; then the daemon goes on."""
        os.kill(self.daemon.pid, signal.SIGSTOP)
        try:
            for queue, data in queues:
                queue.put(data)
        finally:
            os.kill(self.daemon.pid, signal.SIGCONT)

    def cost_us(self, kind, data, number):
        """Of one request among many, with nothing else to do."""
        queue = Queue(self.daemon.socket)
        thread = threading.Thread(target=queue.drain, daemon=True)
        thread.start()
        before = self.used_us()
        self.queued((queue, message(kind, data) * number))
        used = self.used_us() - before
        queue.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        queue.sock.close()
        return used / number


@pytest.fixture(scope="module")
def server():
    if os.geteuid():
        pytest.skip("long queues of a socket need root")
    s = Server()
    yield s
    s.daemon.close()


def slower(server, kind, data, number):
    """How many times as long as alone does the victim have to wait?"""
    ask = (Type.READ, b"/size\0")
    mark = 10                   # the hostile client's requests per number
    parts = []
    for i in range(number // mark):
        parts += [message(kind, data)] * (mark - 1)
        parts.append(message(Type.WRITE, b"/mark\0%d" % (i * mark)))
    victim, hostile = Queue(server.daemon.socket), Queue(server.daemon.socket)
    victim.put(message(Type.WRITE, b"/mark\x000"))   # not the last run's
    assert victim.take(1) == b"OK\0"
    thread = threading.Thread(target=hostile.drain, daemon=True)
    thread.start()
    server.queued((hostile, b"".join(parts)),
                  (victim, message(*ask) * VICTIM +
                   message(Type.READ, b"/mark\0")))
    served = int(victim.take(VICTIM + 1))
    server.used_us()            # until it has done all
    hostile.sock.shutdown(socket.SHUT_RDWR)
    thread.join()
    for queue in (victim, hostile):
        queue.sock.close()
    assert served < number - 2 * mark       # it had work all the time
    alone = VICTIM * server.cost_us(*ask, 2 * VICTIM)
    return 1 + served * server.cost_us(kind, data, 2 * VICTIM) / alone


@pytest.mark.parametrize("name", FLOODS)
def test_factor_of_two(server, name):
    (kind, data), number = FLOODS[name]
    factors = sorted(slower(server, kind, data, number) for _ in range(RUNS))
    print("%s: %s" % (name, " ".join("%.2f" % f for f in factors)))
    assert factors[RUNS // 2] < 2 * TOLERANCE
    assert factors[-1] > 1.1    # the hostile one had its turns, too
