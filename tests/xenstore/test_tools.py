# SPDX-License-Identifier: MIT
"""Our tools beside those of xenstore-utils, on the same daemon."""
import json
import os
import random
import subprocess

import pytest

import daemon as daemon_module

OURS = daemon_module.BUILD / "bin" / "xenstore"


def run(program, *args, socket):
    env = dict(os.environ, XENSTORED_PATH=str(socket),
               LD_LIBRARY_PATH=str(daemon_module.DEBIAN_LIBS))
    done = subprocess.run([*program, *args], env=env, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def both(socket, command, *args):
    """The same command by both; what they do must be the same."""
    ours = run([str(OURS), command], *args, socket=socket)
    theirs = run([str(daemon_module.DEBIAN_BIN / ("xenstore-" + command))],
                 *args, socket=socket)
    assert ours[:2] == theirs[:2], (command, args, ours, theirs)
    assert bool(ours[2]) == bool(theirs[2]), (command, args, ours, theirs)
    return ours


def random_tree(client, rng):
    for name in client.directory("/"):
        client.rm("/" + name)
    paths = ["/"]
    for _ in range(15):
        up = rng.choice(paths)
        size = rng.choice((1, 2, 5, 20, 45, 50, 60, 70, 75))
        name = "".join(rng.choice("ab-_@Z9") for _ in range(size))
        path = (up if up != "/" else "") + "/" + name
        value = bytes(rng.choice((rng.randrange(256), 65)) for _ in range(
            rng.choice((0, 1, 5, 10, 20, 30, 40, 60, 70, 75, 80))))
        client.write(path, value)
        paths.append(path)
        if rng.random() < 0.5:
            client.set_perms(path, "n0", *(
                rng.choice("rwbn") + str(rng.randrange(9))
                for _ in range(rng.randrange(3))))
    return paths


@pytest.mark.parametrize("seed", range(12))
def test_output(daemon, seed):
    rng = random.Random(seed)
    paths = random_tree(daemon.client(), rng)
    for command, *args in (
            ("ls",), ("ls", "-p"), ("ls", "-f"), ("ls", "-f", "-p"),
            ("ls", rng.choice(paths)), ("ls", "-p", rng.choice(paths)),
            ("ls", paths[1], paths[2]), ("ls", "/none"),
            ("read", *paths[1:5]), ("read", "-p", paths[-1]),
            ("read", "-R", paths[3]), ("read", "/none"), ("read",),
            ("list", *paths[:2]), ("list", "-p", paths[1]),
            ("list", "/none"), ("exists", paths[1]),
            ("exists", paths[1], "/none"), ("exists",)):
        both(daemon.socket, command, *args)


CHANGES = [
    ("write", "/a/b", "1"), ("write", "/a/b", "1", "/a/c", "2"),
    ("write", "/a/b"), ("write", "/bad path", "1"),
    ("write", "/new", "1", "/bad//path", "2"), ("write", "-R", "/a", "\\x41"),
    *(("write", "/a", text) for text in (
        "a\\x4", "a\\x414", "a\\101", "a\\1", "a\\12", "a\\1234", "a\\q",
        "a\\", "a\\r\\n\\t\\\\", "a\\xzz", "\\0", "\\x00b", "")),
    ("rm", "/a"), ("rm", "/a/b", "/none/x"), ("rm", "/none"), ("rm",),
    ("rm", "-t", "/a/b/c/d"), ("rm", "-t", "/a/x"), ("rm", "/"),
    ("chmod", "/a", "n0", "r5"), ("chmod", "-r", "/a", "n0", "b7"),
    ("chmod", "-u", "/a/b/c/d", "n0", "w3"), ("chmod", "/a", "x0"),
    ("chmod", "/a"), ("chmod", "/none", "n0"),
]


@pytest.mark.parametrize("command", CHANGES, ids=" ".join)
def test_changes(daemon, command):
    """Each by itself, on the same tree; then the trees are compared."""
    client, seen = daemon.client(), []
    for program in ([str(OURS), command[0]],
                    [str(daemon_module.DEBIAN_BIN /
                         ("xenstore-" + command[0]))]):
        for name in client.directory("/"):
            client.rm("/" + name)
        client.write("/a/b/c/d", b"")
        client.write("/a/x", b"value")
        status, out, err = run(program, *command[1:], socket=daemon.socket)
        tree = run([str(OURS), "ls"], "-f", "-p", socket=daemon.socket)[1]
        seen.append((status, out, bool(err), tree))
    assert seen[0] == seen[1]


def test_watch(daemon):
    client, outputs = daemon.client(), []
    for program in ([str(OURS), "watch"],
                    [str(daemon_module.DEBIAN_BIN / "xenstore-watch")]):
        env = dict(os.environ, XENSTORED_PATH=str(daemon.socket))
        process = subprocess.Popen([*program, "-n", "4", "/w", "/v"],
                                   env=env, stdout=subprocess.PIPE)
        lines = [process.stdout.readline() for _ in range(2)]
        client.write("/w/x", b"")
        client.rm("/w/x")
        lines += process.stdout.readlines()
        assert process.wait(30) == 0
        outputs.append(lines)
    assert outputs[0] == outputs[1] == [b"/w\n", b"/v\n", b"/w/x\n",
                                        b"/w/x\n"]


def test_names(daemon, tmp_path):
    """By a link of its name each tool is itself."""
    link = tmp_path / "xenstore-list"
    link.symlink_to(OURS)
    assert run([str(link)], "/", socket=daemon.socket)[:2] == (0, b"tool\n")
    status, out, _ = run([str(OURS)], "--help", socket=daemon.socket)
    assert status == 0 and b"limits" in out
    assert run([str(OURS)], "nonsense", socket=daemon.socket)[0] == 1
    assert run([str(OURS)], "ls", "--nonsense", socket=daemon.socket)[0] == 1
    status, out, err = run([str(OURS)], "list", "/", socket="/none")
    assert status == 1 and b"could not connect" in err


def test_json(daemon):
    client = daemon.client()
    client.write("/a/b", b"\x01\"\\\xff\n")
    client.set_perms("/a/b", "n3", "r4")
    out = json.loads(run([str(OURS)], "ls", "--json", "/a",
                         socket=daemon.socket)[1])
    assert out == {"value": "", "permissions": ["n0"], "children": {
        "b": {"value": "\\001\"\\\\\\xff\\n", "permissions": ["n3", "r4"],
              "children": {}}}}
    out = json.loads(run([str(OURS)], "list", "--json", "/a", "/",
                         socket=daemon.socket)[1])
    assert out == {"/a": ["b"], "/": ["a", "tool"]}
    out = json.loads(run([str(OURS)], "read", "--json", "/a/b",
                         socket=daemon.socket)[1])
    assert out == {"/a/b": "\\001\"\\\\\\xff\\n"}
    assert run([str(OURS)], "rm", "--json", "/a", socket=daemon.socket)[0]
    assert client.directory("/a") == ["b"]


def test_limits(host):
    client = host.client()
    client.mkdir("/local/domain/3")
    client.set_perms("/local/domain/3", "n3")
    client.control("quota", "set", "3", "nodes", "5")
    out = run([str(OURS)], "limits", "3", socket=host.socket)[1].decode()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["DOMID", "LIMIT", "USED", "MAX"]
    assert ["3", "nodes", "1", "5"] in rows
    assert ["3", "node-size", "-", "2048"] in rows
    out = json.loads(run([str(OURS)], "limits", "--json",
                         socket=host.socket)[1])
    assert out["3"]["nodes"] == {"used": 1, "limit": 5}
    assert out["0"]["nodes"]["limit"] == 0
    for domid in range(4, 2000):        # more than fit into one message
        if domid % 2:
            client.mkdir("/d/%d" % domid)
            client.set_perms("/d/%d" % domid, "n%d" % domid)
    out = json.loads(run([str(OURS)], "limits", "--json",
                         socket=host.socket)[1])
    assert len(out) == 2 + 998


def test_control(daemon):
    def control(*args):
        return run([str(OURS), "control"], *args, socket=daemon.socket)
    assert control("check") == (0, b"", b"")
    assert control("quota", "set", "nodes", "9") == (0, b"", b"")
    assert b"nodes            :        9" in control("quota")[1]
    status, out, err = control("nonsense")
    assert (status, out) == (1, b"") and b"Invalid argument" in err
    old = daemon.pid
    assert control("live-update", daemon.command[0])[0] == 0
    daemon.wait_for_pid(old)
    assert control("live-update", "/none")[0] == 1
