# SPDX-License-Identifier: MIT
"""Random requests of several clients, against a model (model.py)."""
import random

import pytest

from model import Model, Refused
from wire import XsError

NAMES = ("a", "b", "c", "d-", "e_", "F1")
PERMS = ("n", "r", "w", "b")


class Actor:
    def __init__(self, client, domid):
        self.client, self.domid = client, domid
        self.open = {}          # number of a transaction -> key in the model


def random_path(rng):
    depth = rng.choice((0, 1, 1, 2, 2, 2, 3, 3, 4))
    return "/" + "/".join(rng.choice(NAMES) for _ in range(depth))


def random_perms(rng):
    return tuple(rng.choice(PERMS) + str(rng.randrange(4))
                 for _ in range(rng.choice((1, 1, 2, 3))))


def request(rng, actor, tx):
    """A random request: how to ask the daemon, and how the model."""
    client, domid = actor.client, actor.domid
    path = random_path(rng)
    draw = rng.random()
    wire_tx = tx or 0
    if draw < 0.30:
        return (lambda: client.read(path, wire_tx),
                lambda m, t: m.read(t, domid, path))
    if draw < 0.60:
        value = b"%d" % rng.randrange(1000)
        return (lambda: client.write(path, value, wire_tx),
                lambda m, t: m.write(t, domid, path, value))
    if draw < 0.72:
        return (lambda: client.directory(path, wire_tx),
                lambda m, t: m.directory(t, domid, path))
    if draw < 0.80:
        return (lambda: client.mkdir(path, wire_tx),
                lambda m, t: m.mkdir(t, domid, path))
    if draw < 0.87:
        return (lambda: client.rm(path, wire_tx),
                lambda m, t: m.rm(t, domid, path))
    if draw < 0.93:
        return (lambda: tuple(client.get_perms(path, wire_tx)),
                lambda m, t: m.get_perms(t, domid, path))
    perms = random_perms(rng)
    return (lambda: client.set_perms(path, *perms, tx=wire_tx),
            lambda m, t: m.set_perms(t, domid, path, perms))


def outcome(function, error):
    try:
        return "ok", function()
    except error as refused:
        return "refused", refused.args[0]


def compare(ask_daemon, ask_model, what):
    got = outcome(ask_daemon, XsError)
    want = outcome(ask_model, Refused)
    assert got == want, what


def check_tree(client, model):
    seen = {}

    def visit(path):
        seen[path] = (client.read(path), tuple(client.get_perms(path)))
        for name in client.directory(path):
            visit((path if path != "/" else "") + "/" + name)
    visit("/")
    assert seen == {path: (node.value, node.perms)
                    for path, node in model.tree.items()}


def run(host, operations, seed):
    rng = random.Random(seed)
    model = Model()
    actors = [Actor(host.client(), 0) for _ in range(3)]
    actors += [Actor(host.domain(domid), domid) for domid in (1, 2, 3)]
    weights = (8, 8, 8, 1, 1, 1)        # rings are slower to drive
    # The model knows no limits: lift those that a domain might reach.
    for name in ("transactions", "nodes", "transaction-nodes"):
        actors[0].client.control("quota", "set", name, "0")
    commits = conflicts = serial = 0
    for i in range(operations):
        actor = rng.choices(actors, weights)[0]
        draw = rng.random()
        if draw < 0.04 and len(actor.open) < 3:
            serial += 1
            actor.open[actor.client.start()] = serial
            model.start(serial)
            continue
        if draw < 0.08 and actor.open:
            tx = rng.choice(list(actor.open))
            key = actor.open.pop(tx)
            commit = rng.random() < 0.85
            got = outcome(lambda: actor.client.end(tx, commit), XsError)
            want = outcome(lambda: model.end(key, commit), Refused)
            assert got == want, (i, "end", got, want)
            commits += commit and got[0] == "ok"
            conflicts += got[0] == "refused"
            continue
        tx = rng.choice(list(actor.open)) \
            if actor.open and rng.random() < 0.6 else None
        ask_daemon, ask_model = request(rng, actor, tx)
        view = model.transactions[actor.open[tx]] if tx else None
        compare(ask_daemon, lambda: ask_model(model, view), i)
        if i % 5000 == 0:
            check_tree(actors[0].client, model)
    check_tree(actors[0].client, model)
    assert actors[0].client.control("check") == "OK"
    # The test is about both outcomes.
    assert commits > operations / 400 and conflicts > operations / 400


def test_model(host):
    run(host, 40000, seed=1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 6))
def test_model_long(host, seed):
    run(host, 250000, seed)
