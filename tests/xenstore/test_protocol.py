# SPDX-License-Identifier: MIT
"""The protocol over the socket, by a client that knows no library."""
import pathlib
import random
import socket
import struct
import time

import pytest

from wire import Client, Closed, HEADER, LIMIT_S, Type, XsError

ERRORS = [
    # request, payload, error
    (Type.READ, b"/nope\0", "ENOENT"),
    (Type.READ, b"/nope", "EINVAL"),            # not terminated
    (Type.READ, b"", "EINVAL"),
    (Type.READ, b"\0", "EINVAL"),
    (Type.READ, b"/a\0/b\0", "EINVAL"),
    (Type.READ, b"//\0", "EINVAL"),
    (Type.READ, b"/a//b\0", "EINVAL"),
    (Type.READ, b"/a/\0", "EINVAL"),
    (Type.READ, b"/a b\0", "EINVAL"),
    (Type.READ, b"/a.b\0", "EINVAL"),
    (Type.READ, b"/\xc3\xa4\0", "EINVAL"),
    (Type.READ, b"/a\nb\0", "EINVAL"),
    (Type.READ, b"rel/nope\0", "ENOENT"),       # below /local/domain/0
    (Type.READ, b"@introduceDomain\0", "EINVAL"),
    (Type.READ, b"/" + b"a" * 3072 + b"\0", "EINVAL"),
    (Type.READ, b"/" + b"a" * 3071 + b"\0", "ENOENT"),
    (Type.READ, b"r" * 2049 + b"\0", "EINVAL"),
    (Type.READ, b"r" * 2048 + b"\0", "ENOENT"),
    (Type.DIRECTORY, b"/nope\0", "ENOENT"),
    (Type.DIRECTORY_PART, b"/\0", "EINVAL"),
    (Type.DIRECTORY_PART, b"/\0x\0", "EINVAL"),
    (Type.DIRECTORY_PART, b"/\0-1\0", "EINVAL"),
    (Type.DIRECTORY_PART, b"/nope\x000\0", "ENOENT"),
    (Type.WRITE, b"/w", "EINVAL"),
    (Type.WRITE, b"", "EINVAL"),
    (Type.WRITE, b"/w/\0x", "EINVAL"),
    (Type.WRITE, b"@releaseDomain\0x", "EINVAL"),
    (Type.MKDIR, b"/m", "EINVAL"),
    (Type.RM, b"/\0", "EINVAL"),
    (Type.RM, b"/nope/x\0", "ENOENT"),
    (Type.GET_PERMS, b"/nope\0", "ENOENT"),
    (Type.GET_PERMS, b"@nonsense\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0n0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0x0\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0n\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0n-1\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0n0x1\0", "EINVAL"),
    (Type.SET_PERMS, b"/tool\0n32752\0", "EINVAL"),  # 0x7ff0: DOMID_SELF
    (Type.SET_PERMS, b"/tool\0n99999\0", "EINVAL"),
    (Type.SET_PERMS, b"/nope\0n0\0", "ENOENT"),
    (Type.SET_PERMS, b"@nonsense\0n0\0", "ENOENT"),
    (Type.WATCH, b"/w\0", "EINVAL"),
    (Type.WATCH, b"/w/\0t\0", "EINVAL"),
    (Type.WATCH, b"\0t\0", "EINVAL"),
    (Type.WATCH, b"@\0t\0", "EINVAL"),
    (Type.WATCH, b"@a b\0t\0", "EINVAL"),
    (Type.WATCH, b"/w\0t\0x\0", "EINVAL"),
    (Type.WATCH, b"/w\0t\0-1\0", "EINVAL"),
    (Type.WATCH, b"@releaseDomain\0t\x002\0", "EINVAL"),
    (Type.WATCH, b"/w\0" + b"t" * 1023 + b"\0", "EINVAL"),
    (Type.UNWATCH, b"/w\0none\0", "ENOENT"),
    (Type.UNWATCH, b"/w\0", "EINVAL"),
    (Type.TRANSACTION_END, b"T\0", "ENOENT"),
    (Type.TRANSACTION_END, b"X\0", "EINVAL"),
    (Type.TRANSACTION_END, b"T", "EINVAL"),
    (Type.INTRODUCE, b"5\x001\x002\0", "ENOSYS"),    # no hypervisor here
    (Type.INTRODUCE, b"5\x001\0", "EINVAL"),
    (Type.INTRODUCE, b"0\x001\x002\0", "EINVAL"),
    (Type.INTRODUCE, b"99999\x001\x002\0", "EINVAL"),
    (Type.RELEASE, b"5\0", "ENOENT"),
    (Type.RELEASE, b"x\0", "EINVAL"),
    (Type.RESUME, b"5\0", "ENOENT"),
    (Type.SET_TARGET, b"5\x006\0", "ENOENT"),
    (Type.SET_TARGET, b"5\0", "EINVAL"),
    (Type.GET_DOMAIN_PATH, b"", "EINVAL"),
    (Type.GET_DOMAIN_PATH, b"x\0", "EINVAL"),
    (Type.GET_DOMAIN_PATH, b"32752\0", "EINVAL"),
    (Type.IS_DOMAIN_INTRODUCED, b"\0", "EINVAL"),
    (Type.CONTROL, b"", "EINVAL"),
    (Type.CONTROL, b"nonsense\0", "EINVAL"),
    (Type.CONTROL, b"quota\0set\0nonsense\x001\0", "EINVAL"),
    (Type.CONTROL, b"quota\0set\0nodes\0x\0", "EINVAL"),
    (Type.CONTROL, b"quota\x007\0", "ENOENT"),
    (Type.WATCH_EVENT, b"/w\0t\0", "ENOSYS"),
    (Type.ERROR, b"EINVAL\0", "ENOSYS"),
    (20, b"5\0", "ENOSYS"),                          # RESTRICT, removed
    (23, b"", "ENOSYS"),
    (0xffff, b"", "ENOSYS"),
    (0xffffffff, b"", "ENOSYS"),
]


def refused(function, *args, **kwargs):
    with pytest.raises(XsError) as info:
        function(*args, **kwargs)
    return info.value.name


def test_errors(client):
    for kind, data, want in ERRORS:
        assert refused(client.call, kind, data) == want, (kind, data[:60])
    # None of them has changed anything.
    assert client.directory("/") == ["tool"]
    assert client.get_perms("/tool") == ["n0"]
    assert client.poll_events() == []


def test_read_write(client):
    for value in (b"", b"x", b"a\0b\0", bytes(range(256)), b"v" * 4091):
        client.write("/w/x", value)
        assert client.read("/w/x") == value
    assert client.read("/w") == b""
    client.write("/", b"root")
    assert client.read("/") == b"root"
    client.write("rel", b"1")
    assert client.read("/local/domain/0/rel") == b"1"


def test_mkdir_rm(client):
    client.mkdir("/m/n/o")
    assert client.directory("/m") == ["n"] and client.read("/m/n/o") == b""
    client.write("/m/n", b"kept")
    client.mkdir("/m/n")
    assert client.read("/m/n") == b"kept"
    client.rm("/m/none")
    client.rm("/m/n")
    assert client.directory("/m") == []
    assert refused(client.read, "/m/n/o") == "ENOENT"


def test_directory(client):
    assert client.directory("/") == ["tool"]
    names = ["n%05d" % i for i in range(1000)]
    for name in reversed(names):
        client.mkdir("/big/" + name)
    assert refused(client.directory, "/big") == "E2BIG"
    whole, offset, generation = b"", 0, None
    while True:
        got, part = client.directory_part("/big", offset)
        assert generation in (None, got)
        generation = got
        whole += part
        offset += len(part)
        if part.endswith(b"\0\0") or part == b"\0":
            break
    assert whole == b"".join(n.encode() + b"\0" for n in names) + b"\0"
    assert client.directory_part("/big", 3)[1].startswith(b"000\0n00001\0")
    assert client.directory_part("/big", 99999)[1] == b"\0"
    client.write("/big/n00000", b"value")       # not the list of names
    assert client.directory_part("/big", 0)[0] == generation
    client.rm("/big/n00500")
    assert client.directory_part("/big", 0)[0] != generation


def test_wide_directories(client, daemon):
    """Lists of names that are kept are never old ones.

    There are more wide directories than lists are kept, children come and go,
    in and out of transactions, and older versions are still asked for.
    """
    rng = random.Random(4)
    dirs = ["/wide/%d" % i for i in range(80)]
    want = {path: set() for path in dirs}
    for path in dirs:
        for name in rng.sample(range(200), rng.randrange(30, 60)):
            client.mkdir("%s/n%d" % (path, name))
            want[path].add("n%d" % name)

    def look(path, tx=0, view=want):
        assert client.directory(path, tx) == sorted(view[path])

    for _ in range(60):
        tx = client.start()
        view = {path: set(names) for path, names in want.items()}
        for _ in range(40):
            path = rng.choice(dirs[:8] if rng.random() < 0.5 else dirs)
            name = "n%d" % rng.randrange(200)
            inside = rng.random() < 0.5
            names = (view if inside else want)[path]
            kid, where = "%s/%s" % (path, name), tx if inside else 0
            if rng.random() < 0.3:
                client.write(kid, b"v", where)
                names.add(name)
            elif rng.random() < 0.3:
                client.rm(kid, where)
                names.discard(name)
            elif rng.random() < 0.02:
                client.rm(path, where)
                client.mkdir(path, where)
                names.clear()
            look(path, tx, view)
            look(path)
        client.end(tx, commit=False)
    for path in dirs:
        look(path)
    assert client.control("check") == "OK"


def test_permissions(client):
    client.write("/p", b"")
    assert client.get_perms("/p") == ["n0"]
    client.set_perms("/p", "r5", "b6", "w7", "n8")
    assert client.get_perms("/p") == ["r5", "b6", "w7", "n8"]
    client.write("/p/kid/of", b"")
    assert client.get_perms("/p/kid/of") == ["r5", "b6", "w7", "n8"]
    assert client.get_perms("@releaseDomain") == ["n0"]
    client.set_perms("@releaseDomain", "n0", "r5")
    assert client.get_perms("@releaseDomain") == ["n0", "r5"]


def test_watch(client, daemon):
    client.watch("/w", "tok")
    assert client.poll_events() == [("/w", "tok")]
    assert refused(client.watch, "/w", "tok") == "EEXIST"
    client.watch("/w", "deep", 1)
    client.poll_events()
    other = daemon.client()
    for act, events in (
            (lambda: other.write("/w/a", b"1"),
             [("/w/a", "tok"), ("/w/a", "deep")]),
            (lambda: other.write("/w/a/b", b"1"), [("/w/a/b", "tok")]),
            (lambda: other.set_perms("/w", "n0", "r3"),
             [("/w", "tok"), ("/w", "deep")]),
            (lambda: other.read("/w/a"), []),
            (lambda: other.write("/wx", b""), []),
            (lambda: other.write("/v", b""), []),
            (lambda: other.rm("/w/a"),
             [("/w/a", "tok"), ("/w/a", "deep")]),
            (lambda: other.rm("/w/none"), [])):
        act()
        assert sorted(client.poll_events()) == sorted(events)
    client.unwatch("/w", "tok")
    client.unwatch("/w", "deep")
    other.write("/w/a", b"2")
    assert client.poll_events() == []


def test_watch_removal_of_parent(client, daemon):
    client.write("/x/y/z", b"")
    for path in ("/", "/x", "/x/y/z", "/x/y/none"):
        client.watch(path, path)
    client.poll_events()
    daemon.client().rm("/x")
    assert sorted(client.poll_events()) == [
        ("/x", "/"), ("/x", "/x"), ("/x/y/z", "/x/y/z")]


def test_watch_relative(client, daemon):
    client.watch("rel", "t")
    assert client.poll_events() == [("rel", "t")]
    daemon.client().write("/local/domain/0/rel/a", b"")
    assert client.poll_events() == [("rel/a", "t")]


def test_watch_transaction(client, daemon):
    client.watch("/w", "t")
    client.poll_events()
    other = daemon.client()
    tx = other.start()
    other.write("/w/a", b"", tx)
    other.write("/w/b", b"", tx)
    assert client.poll_events() == []
    other.end(tx)
    assert client.poll_events() == [("/w/a", "t"), ("/w/b", "t")]
    tx = other.start()
    other.write("/w/c", b"", tx)
    other.end(tx, commit=False)
    assert client.poll_events() == []


def test_reset_watches(client, daemon):
    client.watch("/w", "t")
    tx = client.start()
    client.poll_events()
    client.reset_watches()
    daemon.client().write("/w", b"")
    assert client.poll_events() == []
    assert refused(client.end, tx) == "ENOENT"
    client.watch("/w", "t")             # not there any more: no EEXIST


def test_transaction(client, daemon):
    other = daemon.client()
    tx = client.start()
    assert refused(client.call, Type.TRANSACTION_START, b"\0", tx) == "EBUSY"
    client.write("/t/a", b"1", tx)
    assert client.read("/t/a", tx) == b"1"
    assert client.directory("/t", tx) == ["a"]
    assert refused(client.read, "/t/a") == "ENOENT"
    assert refused(other.read, "/t/a", tx + 1000) == "ENOENT"
    assert refused(client.call, Type.TRANSACTION_END, b"X\0", tx) == "EINVAL"
    client.end(tx)
    assert other.read("/t/a") == b"1"
    assert refused(client.end, tx) == "ENOENT"


CONFLICTS = [
    # name, in the transaction, by another meanwhile, is it a conflict?
    ("read, then written", lambda c, t: c.read("/t/a", t),
     lambda o: o.write("/t/a", b"2"), True),
    ("read, another written", lambda c, t: c.read("/t/a", t),
     lambda o: o.write("/t/b", b"2"), False),
    ("read, created beside", lambda c, t: c.read("/t/a", t),
     lambda o: o.write("/t/new", b"2"), False),
    ("read, child created", lambda c, t: c.read("/t/a", t),
     lambda o: o.write("/t/a/new", b"2"), False),
    ("read, removed", lambda c, t: c.read("/t/a", t),
     lambda o: o.rm("/t/a"), True),
    ("read, permissions changed", lambda c, t: c.read("/t/a", t),
     lambda o: o.set_perms("/t/a", "n0", "r1"), True),
    ("read, removed and made again", lambda c, t: c.read("/t/a", t),
     lambda o: (o.rm("/t/a"), o.write("/t/a", b"1")), True),
    ("found missing, created",
     lambda c, t: refused(c.read, "/t/none", t),
     lambda o: o.write("/t/none", b""), True),
    ("listed, created", lambda c, t: c.directory("/t", t),
     lambda o: o.write("/t/new", b""), True),
    ("listed, value changed", lambda c, t: c.directory("/t", t),
     lambda o: o.write("/t", b"x"), False),
    ("listed, deeper created", lambda c, t: c.directory("/t", t),
     lambda o: o.write("/t/a/new", b""), False),
    ("created, sibling created", lambda c, t: c.write("/t/mine", b"", t),
     lambda o: o.write("/t/theirs", b""), False),
    ("created, same created", lambda c, t: c.write("/t/mine", b"", t),
     lambda o: o.write("/t/mine", b""), True),
    ("created, parent removed", lambda c, t: c.write("/t/mine", b"", t),
     lambda o: o.rm("/t"), True),
    ("created, parent's permissions changed",
     lambda c, t: c.write("/t/mine", b"", t),
     lambda o: o.set_perms("/t", "n0", "r1"), True),
    ("written, written", lambda c, t: c.write("/t/a", b"9", t),
     lambda o: o.write("/t/a", b"2"), True),
    ("removed, something below changed", lambda c, t: c.rm("/t", t),
     lambda o: o.write("/t/a", b"2"), True),
    ("removed, something beside changed", lambda c, t: c.rm("/t/a", t),
     lambda o: o.write("/t/b", b"2"), False),
]


@pytest.mark.parametrize("inside,outside,conflict",
                         [c[1:] for c in CONFLICTS],
                         ids=[c[0] for c in CONFLICTS])
def test_conflict(client, daemon, inside, outside, conflict):
    other = daemon.client()
    client.write("/t/a", b"1")
    client.write("/t/b", b"1")
    tx = client.start()
    inside(client, tx)
    client.write("/result", b"1", tx)
    outside(other)
    if conflict:
        assert refused(client.end, tx) == "EAGAIN"
        assert refused(client.read, "/result") == "ENOENT"
    else:
        client.end(tx)
        assert client.read("/result") == b"1"


def test_transaction_that_only_reads_commits(client, daemon):
    client.write("/t", b"1")
    tx = client.start()
    assert client.read("/t", tx) == b"1"
    daemon.client().write("/t", b"2")
    assert client.read("/t", tx) == b"1"        # one picture throughout
    client.end(tx)


def leases(daemon):
    """How many leases there were so far."""
    return daemon.log().count(" paths are held for it")


def lose_until_lease(daemon, client, busy):
    """Lose commits until there is one more lease; how many that were."""
    before, losses = leases(daemon), 0
    while leases(daemon) == before:
        tx = client.start()
        client.read("/hot", tx)
        client.write("/mine", b"", tx)
        busy.write("/hot", b"%d" % losses)
        assert refused(client.end, tx) == "EAGAIN"
        losses += 1
    return losses


# A lease lasts 100 ms: on a busy host it may be over before it can be seen.
ATTEMPTS = 100


def test_loser_is_let_through(client, daemon):
    """A busy writer must not starve a transaction."""
    busy = daemon.client()
    client.control("log", "debug")
    client.write("/hot", b"0")
    assert lose_until_lease(daemon, client, busy) == 3
    for _ in range(ATTEMPTS):
        tx = client.start()
        client.read("/hot", tx)
        number = busy.send(Type.WRITE, b"/hot\0last")
        daemon.client().read("/hot")    # the daemon has seen it by now
        client.write("/mine", b"x", tx)
        waits = not busy.transport.readable()
        try:
            client.end(tx)
        except XsError as error:
            assert error.name == "EAGAIN"
            busy.reply(number, Type.WRITE)
            lose_until_lease(daemon, client, busy)
            continue
        busy.reply(number, Type.WRITE)          # its turn comes
        if waits:
            break
    else:
        raise AssertionError("it never came through")
    assert busy.read("/hot") == b"last"
    assert client.read("/mine") == b"x"


def test_lease_ends(client, daemon):
    """A loser that does nothing with its turn does not stop the others."""
    busy, other = daemon.client(), daemon.client()
    client.control("log", "debug")
    client.write("/hot", b"0")
    for _ in range(ATTEMPTS):
        lose_until_lease(daemon, client, busy)
        client.start()
        number = busy.send(Type.WRITE, b"/hot\0last")
        other.write("/elsewhere", b"1")         # not protected
        other.write("/elsewhere", b"2")
        waited = not busy.transport.readable()
        busy.reply(number, Type.WRITE)          # it ends all the same
        if waited:
            return
    raise AssertionError("nobody had to wait")


def test_two_requests_in_one_write(client):
    data = b""
    for i in range(50):
        payload = b"/many/%d\0v" % i
        data += HEADER.pack(Type.WRITE, 100 + i, 0, len(payload)) + payload
    client.transport.send(data)
    for i in range(50):
        assert client.reply(100 + i, Type.WRITE) == b"OK\0"


def test_byte_by_byte(client):
    payload = b"/slow\0value"
    data = HEADER.pack(Type.WRITE, 5, 0, len(payload)) + payload
    for byte in data:
        client.transport.send(bytes([byte]))
    assert client.reply(5, Type.WRITE) == b"OK\0"


def test_too_long_is_cut_off(client, daemon):
    other = daemon.client()
    client.transport.send(HEADER.pack(Type.READ, 1, 0, 4097))
    with pytest.raises(Closed):
        client.message()
    assert other.directory("/") == ["tool"]
    assert "its message is too long" in daemon.log()


def test_half_a_header_then_silence(daemon):
    silent = daemon.client()
    silent.transport.send(b"\1\0\0")
    other = daemon.client()
    assert other.directory("/") == ["tool"]
    silent.close()
    assert other.directory("/") == ["tool"]


def test_vanishing_clients(daemon):
    """Watches and transactions of a client that leaves are gone."""
    for i in range(20):
        client = daemon.client()
        client.watch("/w", "t")
        client.start()
        client.send(Type.READ, b"/tool\0")
        client.close()
    other = daemon.client()
    end = time.monotonic() + LIMIT_S
    while "clients: 1\n" not in other.control("status"):
        assert time.monotonic() < end
        time.sleep(0.02)
    status = other.control("status")
    assert "watches: 0\n" in status
    assert "transactions: 0\n" in status


def test_client_that_never_reads(daemon):
    """It is not read from any more, and others do not notice."""
    deaf = daemon.client()
    deaf.write("/big", b"x" * 4000)
    deaf.transport.sock.settimeout(0.5)
    request = HEADER.pack(Type.READ, 1, 0, 5) + b"/big\0"
    with pytest.raises(socket.timeout):
        for _ in range(100000):
            deaf.transport.sock.sendall(request)
    other = daemon.client()
    for i in range(200):
        other.write("/o", b"%d" % i)
    deaf.close()


def test_many_requests_at_once(daemon):
    """A client that had to take replies first is not forgotten then.

    Whether its turn ends in the very moment in which it takes them is chance;
    without a second look it did in one of a hundred rounds.
    """
    reader = daemon.client()
    reader.write("/x", b"v" * 4000)
    request = HEADER.pack(Type.READ, 1, 0, 3) + b"/x\0"
    sock = reader.transport.sock
    chance = random.Random(1)
    for _ in range(300):
        sock.sendall(request * 400)
        left = 400 * (HEADER.size + 4000)
        while left:
            for _ in range(chance.randrange(500)):
                pass
            most = chance.choice((4096, 65536, 262144))
            left -= len(sock.recv(min(left, most)))


def test_sleeps_when_nobody_asks(client, daemon):
    """It looks for the next request only for a moment: then it uses no time."""
    def used():
        return int(pathlib.Path("/proc/%d/schedstat" % daemon.pid)
                   .read_text().split()[0])

    for number in range(100):
        client.write("/looked", b"%d" % number)
    end = time.monotonic() + LIMIT_S
    before = None
    while used() != before:
        assert time.monotonic() < end
        before = used()
        time.sleep(0.5)


def test_readonly_socket(daemon):
    client = Client(daemon.dir / "socket_ro")
    assert client.directory("/") == ["tool"]
    for call in (lambda: client.write("/w", b""), lambda: client.rm("/tool"),
                 lambda: client.mkdir("/w"),
                 lambda: client.set_perms("/tool", "n0")):
        assert refused(call) == "EROFS"
    tx = client.start()
    assert client.read("/tool", tx) == b""
    client.end(tx)
    # It may ask how things are, and change nothing by CONTROL either.
    for words in (("quota",), ("quota", "0"), ("limits",), ("status",),
                  ("check",), ("help",), ("memreport",)):
        client.control(*words)
    for words in (("quota", "set", "nodes", "1"), ("log", "on"),
                  ("quota", "set", "0", "nodes", "1"), ("print", "x"),
                  ("logfile", str(daemon.dir / "x")),
                  ("live-update", "-f", "/bin/false"),
                  ("live-update", "-s", "-F")):
        assert refused(client.control, *words) == "EROFS"
    assert not (daemon.dir / "x").exists()


def test_control(client, daemon):
    assert "check\t" in client.control("help")
    assert client.control("check") == "OK"
    assert client.control("quota", "set", "nodes", "77") == "OK"
    assert "nodes            :       77 Nodes per domain" in \
        client.control("quota")
    assert client.control("quota", "0").startswith("Domain 0:\nnodes ")
    assert client.control("print", "hello there") == "OK"
    assert "control: hello there" in daemon.log()
    assert client.control("log", "on") == "OK"
    client.read("/tool")
    assert client.control("log", "off") == "OK"
    client.directory("/tool")
    log = daemon.log()
    assert "> READ tx 0 len 6: /tool" in log
    assert "> DIRECTORY" not in log
    assert client.control("log", "debug") == "OK"
    assert "log level: debug" in client.control("status")


def test_domain_paths(client):
    assert client.domain_path(0) == "/local/domain/0"
    assert client.domain_path(32751) == "/local/domain/32751"
    assert client.is_introduced(0) and not client.is_introduced(9)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes(daemon, seed):
    """Whatever comes, the daemon and the other clients live."""
    import random
    rng = random.Random(seed)
    good = daemon.client()
    for i in range(300):
        bad = daemon.client()
        bad.transport.sock.settimeout(0.2)
        data = b""
        for _ in range(rng.randrange(1, 6)):
            size = rng.choice((0, 1, 5, 16, 100, 4096, 5000, 2**31, 2**32 - 1))
            payload = bytes(rng.choice(b"/ab\0@0T1") for _ in
                            range(min(size, 4096)))
            kind = rng.choice((rng.randrange(25), rng.getrandbits(32)))
            data += HEADER.pack(kind, i, rng.choice((0, 0, 1, 7)), size)
            data += payload[:rng.randrange(len(payload) + 1)] \
                if rng.random() < 0.2 else payload
        try:
            bad.transport.sock.sendall(data)
            bad.transport.sock.recv(65536)
        except (socket.timeout, ConnectionError):
            pass
        bad.close()
    assert good.control("check") == "OK"
