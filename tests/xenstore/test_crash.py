# SPDX-License-Identifier: MIT
"""Kill the daemon at random moments under load: nothing may be lost.

Sixteen clients, sockets and rings, keep several requests under way. Each has
a part of the tree of its own, so what the tree must hold follows from the
replies alone. A client notices a kill only by a pause: every request is
answered exactly once, in order, and an open transaction ends with EAGAIN.
"""
import collections
import random
import threading
import time

import pytest

import daemon as daemon_module
from wire import Client, Type, XsError

SOCKETS, RINGS = 12, 4
DEPTH = 6               # requests under way per client


class Part:
    """A client, its part of the tree, and what that must hold."""

    def __init__(self, client, base, rng, depth):
        self.client, self.base, self.rng = client, base, rng
        self.depth = depth
        self.model = {}         # path below base -> value
        self.sent = collections.deque()
        self.tx = None          # number of the open transaction
        self.tx_model = None
        self.tx_asked = False
        self.tx_epoch = 0
        self.changed = set()    # paths whose event has not come yet
        self.replies = 0

    def _ask(self, kind, data, tx, check):
        number = self.client.send(kind, data, tx)
        self.sent.append((number, kind, tx, check))

    def path(self, name):
        return self.base + "/" + name

    def watch(self):
        self.client.watch(self.base, "t")
        self.client.poll_events()

    def step(self, epoch):
        """Send one more request, if there is room for it."""
        if len(self.sent) >= self.depth or self.tx_asked:
            return
        draw = self.rng.random()
        name = "k%d" % self.rng.randrange(12)
        tx = self.tx or 0
        if draw < 0.05 and not tx:
            self.tx_asked = True
            self.tx_epoch = epoch
            self._ask(Type.TRANSACTION_START, b"\0", 0, self.on_start)
        elif draw < 0.10 and tx:
            self.tx_asked = True
            model, self.tx_model = self.tx_model, None
            began = self.tx_epoch
            self._ask(Type.TRANSACTION_END, b"T\0", tx,
                      lambda r: self.on_end(r, model, began))
        elif draw < 0.55:
            value = "%d" % self.rng.randrange(10**9)
            value *= 1 + 60 * (self.rng.random() < 0.1)
            self.change(tx, name, value)
            self._ask(Type.WRITE, self.path(name).encode() + b"\0" +
                      value.encode(), tx, self.on_ok)
        elif draw < 0.65:
            self.change(tx, name, None)
            self._ask(Type.RM, self.path(name).encode() + b"\0", tx,
                      self.on_ok)
        else:
            model = self.tx_model if tx else self.model
            want = model.get(name)
            self._ask(Type.READ, self.path(name).encode() + b"\0", tx,
                      lambda r: self.on_read(r, want, tx, name))

    def change(self, tx, name, value):
        model = self.tx_model if tx else self.model
        if not tx and (value is not None or name in model):
            self.changed.add(self.path(name))
        if value is None:
            model.pop(name, None)
        else:
            model[name] = value

    @staticmethod
    def on_ok(reply):
        assert reply == b"OK\0", reply

    def on_start(self, reply):
        self.tx = int(reply[:-1])
        self.tx_asked = False
        self.tx_model = dict(self.model)
        # What is on its way to the tree is in the transaction's view too:
        # replies come in order, so all of it was done before the start.

    def on_end(self, reply, model, began):
        self.tx = None
        self.tx_asked = False
        if reply == b"OK\0":
            self.model = model
        else:
            assert reply == "EAGAIN", reply
            assert self.epoch() != began, "EAGAIN without a reason"

    def on_read(self, reply, want, tx, name):
        if tx and self.epoch() != self.tx_epoch:
            return      # the transaction is lost: its view may be anything
        if want is None:
            assert reply == "ENOENT", (name, reply)
        else:
            assert reply == want.encode(), (name, reply, want)

    def take(self):
        """Take one message."""
        kind, number, tx, data = self.client.message()
        if kind == Type.WATCH_EVENT:
            self.changed.discard(data.split(b"\0")[0].decode())
            return
        want_number, want_kind, want_tx, check = self.sent.popleft()
        assert (number, tx) == (want_number, want_tx)
        self.replies += 1
        if kind == Type.ERROR:
            check(data[:-1].decode())
        else:
            assert kind == want_kind
            check(data)


class Killer(threading.Thread):
    """Kills the daemon, or its keeper, after a random time, then waits for the
    next one."""

    def __init__(self, target, rng, epoch):
        super().__init__(daemon=True)
        self.target, self.delay = target, rng.random() * 0.03
        self.keeper = rng.random() < 0.1
        self.epoch = epoch
        self.done = False

    def run(self):
        time.sleep(self.delay)
        if self.keeper:
            self.target.kill_keeper()
        else:
            # What begins between the two still belongs to the old one.
            self.epoch[0] += 1
            old = self.target.kill(wait=False)
            self.epoch[0] += 1
            self.target.wait_for_pid(old)
        self.done = True


def tree_of(client, base):
    return {name: client.read(base + "/" + name).decode()
            for name in client.directory(base)}


def crash(target, kills, seed):
    rng = random.Random(seed)
    reader = target.client()
    epoch = [0]
    parts = []
    for i in range(SOCKETS + RINGS):
        if i < SOCKETS:
            client, depth = target.client(), DEPTH
        else:
            client, depth = target.domain(i, start=2**32 - 5000), 2
        base = "/local/domain/%d/crash" % i
        reader.mkdir(base)
        reader.set_perms(base, "n%d" % i if i >= SOCKETS else "n0")
        part = Part(client, base, random.Random(rng.random()), depth)
        part.epoch = lambda: epoch[0]
        part.watch()
        parts.append(part)

    keepers = 0
    for _ in range(kills):
        killer = Killer(target, rng, epoch)
        keepers += killer.keeper
        killer.start()
        while not killer.done:
            for part in parts:
                part.step(epoch[0])
                if part.client.partial or part.client.transport.readable():
                    part.take()
        # Whatever began before this is answered, as if nothing had happened.
        for part in parts:
            while part.sent:
                part.take()
        for part in parts:
            if part.tx:
                part.tx_model, tx = None, part.tx
                part.tx = None
                try:
                    part.client.end(tx, commit=False)
                except XsError as error:
                    assert error.name == "EAGAIN"
            got = tree_of(reader, part.base)
            assert got == part.model
            for path, _ in part.client.poll_events():
                part.changed.discard(path)
            assert not part.changed, "events were lost"
        assert reader.control("check") == "OK"
    assert sum(part.replies for part in parts) > 20 * kills
    log = target.log()
    assert log.count("the keeper is gone") == keepers > 0
    # A keeper that is not the daemon's parent cannot tell of what it died.
    assert log.count("ended by signal 9") + \
        log.count("the daemon is gone") == kills - keepers
    assert "torn" not in log and "cut off" not in log, log
    for part in parts:
        part.client.close()
    reader.close()


def test_crash(host):
    crash(host, 40, seed=1)


@pytest.mark.full
def test_crash_500(host):
    crash(host, 500, seed=2)
