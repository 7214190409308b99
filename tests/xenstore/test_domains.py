# SPDX-License-Identifier: MIT
"""Clients on rings: what a domain may do, and what a hostile one cannot."""
import random
import re
import threading
import time

import pytest

from wire import Client, Closed, HEADER, LIMIT_S, RingTransport, Type, XsError


def refused(function, *args, **kwargs):
    with pytest.raises(XsError) as info:
        function(*args, **kwargs)
    return info.value.name


def wait_for(condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def events(client, number):
    """So many events, which come by themselves, and no more."""
    got = []

    def enough():
        got.extend(client.poll_events())
        return len(got) >= number
    wait_for(enough)
    return sorted(got)


@pytest.fixture
def dom0(host):
    return host.client()


def home(dom0, domid):
    path = "/local/domain/%d" % domid
    dom0.mkdir(path)
    dom0.set_perms(path, "n%d" % domid)
    return path


def test_ring_features(host):
    guest = host.domain(3)
    ring = guest.transport
    assert ring.get(ring.FEATURES) == 7     # reconnect, error, watch depth
    assert guest.domain_path(3) == "/local/domain/3"


@pytest.mark.parametrize("start", (0, 1023, 2**31 - 1, 2**32 - 10))
def test_ring_wraps(host, dom0, start):
    """Indices need not start at zero, and wrap anywhere."""
    home(dom0, 3)
    guest = host.domain(3, start=start)
    for i in range(60):
        value = b"%d" % i * (i * 20 % 700 + 1)
        guest.write("x", value)
        assert guest.read("x") == value


@pytest.mark.parametrize("requests", [
    20000, pytest.param(200000, marks=pytest.mark.full)])
def test_sparing_guest(host, dom0, requests):
    """No wake-up is lost with a guest that tells no more than it must.

    The second part of a request comes while the daemon takes the first one,
    sooner or later: once in about 100,000. tests/unit/test_xs_ring.c does not
    wait for chance.
    """
    home(dom0, 3)
    guest = host.domain(3)
    guest.transport.sparing = True
    chance = random.Random(1)
    for _ in range(requests):
        guest.next_id += 1
        guest.transport.send(HEADER.pack(Type.WRITE, guest.next_id, 0, 10))
        for _ in range(chance.randrange(1000)):
            pass
        guest.transport.send(b"x\0" + b"v" * 8)
        assert guest.reply(guest.next_id, Type.WRITE) == b"OK\0"


def test_sparing_guest_sends_many(host, dom0):
    """Nor if its ring of responses is full most of the time."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.write("x", b"v" * 700)
    guest.transport.sparing = True
    waiting = []
    for _ in range(5000):
        while len(waiting) < 30:    # more than the limit, and than has room
            waiting.append(guest.send(Type.READ, b"x\0"))
        assert len(guest.reply(waiting.pop(0), Type.READ)) == 700


def test_relative_paths(host, dom0):
    home(dom0, 3)
    guest = host.domain(3)
    guest.write("data/x", b"1")
    assert dom0.read("/local/domain/3/data/x") == b"1"
    assert dom0.get_perms("/local/domain/3/data") == ["n3"]
    guest.watch("data", "t")
    dom0.write("/local/domain/3/data/y", b"")
    assert guest.poll_events() == [("data", "t"), ("data/y", "t")]


def test_permissions(host, dom0):
    mine = home(dom0, 3)
    guest, other = host.domain(3), host.domain(4)
    guest.write("x", b"secret")
    for call in (lambda: other.read(mine + "/x"),
                 lambda: other.directory(mine),
                 lambda: other.write(mine + "/x", b""),
                 lambda: other.write(mine + "/y", b""),
                 lambda: other.mkdir(mine + "/y"),
                 lambda: other.rm(mine + "/x"),
                 lambda: other.get_perms(mine + "/x"),
                 lambda: other.set_perms(mine + "/x", "n4"),
                 lambda: other.read(mine + "/none"),     # is it there? no word
                 lambda: other.write("/top", b""),
                 lambda: other.read("/tool")):
        assert refused(call) == "EACCES"
    guest.set_perms("x", "n3", "r4")
    assert other.read(mine + "/x") == b"secret"
    assert refused(other.write, mine + "/x", b"") == "EACCES"
    guest.set_perms("x", "n3", "b4")
    other.write(mine + "/x", b"new")
    assert refused(other.set_perms, mine + "/x", "n3", "n4") == "EACCES"
    assert refused(guest.set_perms, "x", "n4") == "EPERM"   # give away
    dom0.set_perms(mine + "/x", "n4")
    assert refused(guest.read, "x") == "EACCES"
    # What another domain creates is its own.
    dom0.set_perms(mine, "n3", "b4")
    other.mkdir(mine + "/theirs")
    assert dom0.get_perms(mine + "/theirs") == ["n4", "b4"]


def test_privileged_requests(host, dom0):
    guest = host.domain(3)
    for call in (lambda: guest.introduce(4), lambda: guest.release(3),
                 lambda: guest.resume(3), lambda: guest.set_target(3, 4),
                 lambda: guest.control("quota"),
                 lambda: guest.set_perms("@releaseDomain", "n3")):
        assert refused(call) == "EACCES"


def test_target(host, dom0):
    mine = home(dom0, 3)
    guest, stub = host.domain(3), host.domain(4)
    guest.write("x", b"1")
    assert refused(stub.read, mine + "/x") == "EACCES"
    assert refused(dom0.set_target, 4, 0) == "EINVAL"
    assert refused(dom0.set_target, 4, 9) == "ENOENT"
    dom0.set_target(4, 3)
    assert stub.read(mine + "/x") == b"1"
    stub.write(mine + "/x", b"2")
    stub.set_perms(mine + "/x", "n3", "r5")
    host.kill()
    assert stub.read(mine + "/x") == b"2"


def test_target_is_gone(host, dom0):
    """Its number's next bearer is somebody else."""
    home(dom0, 3)
    host.domain(3)
    stub = host.domain(4)
    dom0.set_target(4, 3)
    stub.write("/local/domain/3/x", b"")
    dom0.release(3)
    home(dom0, 3)
    dom0.introduce(3)
    assert refused(stub.write, "/local/domain/3/x", b"") == "EACCES"
    host.kill()
    assert refused(stub.write, "/local/domain/3/x", b"") == "EACCES"


def test_watch_needs_permission(host, dom0):
    mine = home(dom0, 3)
    other = host.domain(4)
    other.watch(mine, "t")
    other.watch("@introduceDomain", "i")
    assert len(other.poll_events()) == 2         # the first one always
    dom0.write(mine + "/x", b"")
    host.domain(5)
    assert other.poll_events() == []
    dom0.set_perms(mine + "/x", "n3", "r4")
    assert other.poll_events() == [(mine + "/x", "t")]
    dom0.rm(mine + "/x")
    assert other.poll_events() == [(mine + "/x", "t")]
    dom0.set_perms("@introduceDomain", "n0", "r4")
    host.domain(6)
    assert other.poll_events() == [("@introduceDomain", "i")]


def test_introduce_release(host, dom0):
    for path, token, *depth in (("@introduceDomain", "i"),
                                ("@releaseDomain", "r"),
                                ("@releaseDomain", "r1", 1),
                                ("@releaseDomain/3", "r3"),
                                ("@releaseDomain/4", "r4")):
        dom0.watch(path, token, *depth)
    dom0.poll_events()
    mine = home(dom0, 3)
    assert not dom0.is_introduced(3)
    guest = host.domain(3)
    assert dom0.is_introduced(3)
    assert dom0.poll_events() == [("@introduceDomain", "i")]
    guest.write("x", b"")
    dom0.write("/elsewhere", b"")
    dom0.set_perms("/elsewhere", "n0", "b3")
    # It shuts down: told once, until RESUME.
    host.end_domain(3, "shutdown")
    gone = [("@releaseDomain", "r"), ("@releaseDomain/3", "r1"),
            ("@releaseDomain/3", "r3")]
    assert events(dom0, 3) == gone
    host.end_domain(3, "shutdown")
    guest.read("x")             # its event comes behind that one
    assert dom0.poll_events() == []
    assert dom0.is_introduced(3)
    host.kill()
    assert dom0.poll_events() == []              # still told already
    dom0.resume(3)
    host.end_domain(3, "shutdown")
    assert events(dom0, 3) == gone
    # It dies: what it owned and what it was granted goes with it.
    host.end_domain(3)
    assert events(dom0, 3) == gone
    assert not dom0.is_introduced(3)
    assert refused(dom0.read, mine) == "ENOENT"
    assert dom0.get_perms("/elsewhere") == ["n0"]
    assert refused(dom0.release, 3) == "ENOENT"
    host.domain(4)
    dom0.release(4)
    assert sorted(dom0.poll_events()) == sorted([
        ("@introduceDomain", "i"), ("@releaseDomain", "r"),
        ("@releaseDomain/4", "r1"), ("@releaseDomain/4", "r4")])


def test_domain_dies_while_the_daemon_is_dead(host, dom0):
    mine = home(dom0, 3)
    host.domain(3)
    (host.fake / "dom3.page").unlink()
    host.kill()
    wait_for(lambda: not dom0.is_introduced(3))
    assert refused(dom0.read, mine) == "ENOENT"


def test_reconnect(host, dom0):
    home(dom0, 3)
    guest = host.domain(3)
    ring = guest.transport
    guest.watch("x", "t")
    guest.start()
    guest.send(Type.READ, b"/tool\0"[:3])           # half a request
    ring.set(ring.CONNECTION, 1)
    ring.kick()
    wait_for(lambda: ring.get(ring.CONNECTION) == 0)
    assert ring.get(ring.REQ_CONS) == ring.get(ring.REQ_PROD)
    assert ring.get(ring.RSP_CONS) == ring.get(ring.RSP_PROD)
    guest = Client(ring)
    guest.write("x", b"1")
    assert guest.poll_events() == []             # the watch is gone
    assert "transactions: 0\nwatches: 0" in dom0.control("status")


def test_reconnect_with_replies_not_taken(host, dom0):
    """The fresh start owes none: they count no longer."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.write("x", b"v" * 900)
    ring = guest.transport
    for _ in range(30):                 # outstanding ones are limited to 20
        guest.send(Type.READ, b"x\0")
    wait_for(lambda: "outstanding 20 20" in dom0.control("limits", "3"))
    for _ in range(5):
        ring.set(ring.CONNECTION, 1)
        ring.kick()
        wait_for(lambda: ring.get(ring.CONNECTION) == 0)
    assert "outstanding 0 20" in dom0.control("limits", "3")
    guest = Client(ring)
    assert guest.read("x") == b"v" * 900
    # Whoever does that for ever does not fill the log.
    assert host.log().count("starts its connection anew") == 1


def test_introduced_again(host, dom0):
    """A domain may be introduced anew, its port as it was, at once or later."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.watch("x", "t")
    dom0.introduce(3)
    guest = Client(guest.transport)
    guest.write("x", b"1")
    assert guest.poll_events() == []
    # Without a pause between the two.
    numbers = [(kind, dom0.send(kind, data)) for kind, data in (
        (Type.RELEASE, b"3\0"), (Type.INTRODUCE, b"3\0001\0007\0"))]
    for kind, number in numbers:
        dom0.reply(number, kind)
    assert dom0.is_introduced(3)
    assert Client(guest.transport).domain_path(3) == "/local/domain/3"


BAD_INDICES = [
    (RingTransport.REQ_PROD, 1025), (RingTransport.REQ_PROD, 2**31),
    (RingTransport.REQ_PROD, 2**32 - 1), (RingTransport.RSP_CONS, 1),
    (RingTransport.RSP_CONS, 2**31),
]


@pytest.mark.parametrize("field,value", BAD_INDICES)
def test_bad_index(host, dom0, field, value):
    home(dom0, 3)
    guest, other = host.domain(3), host.domain(4)
    ring = guest.transport
    ring.set(field, ring.get(field) + value)
    ring.kick()
    if field == ring.RSP_CONS:      # looked at when there is something to say
        ring.set(ring.REQ_PROD, ring.get(ring.REQ_PROD))
        number = HEADER.pack(Type.READ, 1, 0, 2) + b"/\0"
        prod = ring.get(ring.REQ_PROD)
        for i, byte in enumerate(number):
            ring.map[(prod + i) % 1024] = byte
        ring.set(ring.REQ_PROD, prod + len(number))
        ring.kick()
    wait_for(lambda: ring.get(ring.ERROR) == 2)
    assert "dom3: re" in host.log() and "ring: producer" in host.log()
    assert other.domain_path(4) == "/local/domain/4"
    assert dom0.control("check") == "OK"


@pytest.mark.parametrize("change", (-5000, -2**31, 1, 2**31 - 1))
def test_bad_index_after_a_restart(host, dom0, change):
    """How far the daemon had got is not what the guest says."""
    home(dom0, 3)
    guest, other = host.domain(3, start=20000), host.domain(4)
    for _ in range(20):
        guest.write("x", b"v" * 500)
        guest.read("x")
    ring = guest.transport
    ring.set(ring.RSP_PROD, ring.get(ring.RSP_PROD) + change)
    host.kill()
    wait_for(lambda: ring.get(ring.ERROR) == 2)
    assert "dom3: its ring is lost" in host.log()
    assert other.domain_path(4) == "/local/domain/4"
    assert dom0.control("check") == "OK"


def test_half_a_header_then_silence(host, dom0):
    guest, other = host.domain(3), host.domain(4)
    request = HEADER.pack(Type.GET_DOMAIN_PATH, 1, 0, 2) + b"3\0"
    guest.transport.send(request[:7])
    assert other.domain_path(4) == "/local/domain/4"
    host.kill()
    assert other.domain_path(4) == "/local/domain/4"
    guest.transport.send(request[7:])
    assert guest.reply(1, Type.GET_DOMAIN_PATH) == b"/local/domain/3\0"


def test_too_long(host, dom0):
    guest = host.domain(3)
    ring = guest.transport
    ring.send(HEADER.pack(Type.READ, 1, 0, 5000))
    wait_for(lambda: ring.get(ring.ERROR) == 3)
    assert "dom3: cut off: its message is too long" in host.log()
    assert dom0.directory("/") is not None


def refuse_twice(host, call, error, line):
    """The refusal has the right error, and one line in the log."""
    assert refused(call) == error
    assert refused(call) == error
    assert host.log().count(line) == 1, host.log()


def test_limits(host, dom0):
    home(dom0, 3)
    guest = host.domain(3)
    for name, value in (("nodes", 20), ("watches", 3), ("transactions", 2),
                        ("node-size", 100), ("permissions", 3),
                        ("depth", 8), ("path-max", 200),
                        ("transaction-nodes", 10)):
        assert dom0.control("quota", "set", "3", name, str(value)) == "OK"
    for i in range(19):
        guest.mkdir("n%d" % i)
    refuse_twice(host, lambda: guest.mkdir("n19"), "ENOSPC",
                 "dom3: refused: nodes 21 is over the limit of 20")
    assert refused(guest.write, "n1/a", b"") == "ENOSPC"
    guest.rm("n18")
    guest.mkdir("n19")
    for i in range(3):
        guest.watch("n%d" % i, "t")
    refuse_twice(host, lambda: guest.watch("x", "t"), "ENOSPC",
                 "dom3: refused: watches 4 is over the limit of 3")
    first, second = guest.start(), guest.start()
    refuse_twice(host, guest.start, "ENOSPC",
                 "dom3: refused: transactions 3 is over the limit of 2")
    # A transaction is counted with what the domain has already.
    assert refused(guest.mkdir, "n20", first) == "ENOSPC"
    for i in range(8):
        guest.read("n%d" % i, first)
    with pytest.raises(XsError) as info:
        for i in range(8, 15):
            guest.read("n%d" % i, first)
    assert info.value.name == "ENOSPC"
    guest.end(first, commit=False)
    guest.end(second, commit=False)
    guest.write("n1", b"x" * 100)
    refuse_twice(host, lambda: guest.write("n1", b"x" * 101), "ENOSPC",
                 "dom3: refused: node-size 101 is over the limit of 100")
    refuse_twice(host, lambda: guest.set_perms("n1", "n3", "r1", "r2", "r4"),
                 "ENOSPC",
                 "dom3: refused: permissions 4 is over the limit of 3")
    refuse_twice(host, lambda: guest.write("a/b/c/d/e/f", b""), "E2BIG",
                 "dom3: refused: depth 9 is over the limit of 8")
    refuse_twice(host, lambda: guest.write("a" * 200, b""), "E2BIG",
                 "dom3: refused: path-max 216 is over the limit of 200")
    # Limits and use survive, and are shown.
    host.kill()
    assert refused(guest.mkdir, "n21") == "ENOSPC"
    lines = dict(line.split(" ", 1) for line in
                 dom0.control("limits", "3").splitlines())
    assert lines["nodes"] == "20 20" and lines["watches"] == "3 3"
    assert lines["node-size"] == "-1 100"
    assert "3" in dom0.control("limits").split()
    # Raised, it may go on; Dom0 has none.
    dom0.control("quota", "set", "3", "nodes", "30")
    guest.mkdir("n21")
    for i in range(40):
        dom0.mkdir("/many/%d" % i)


def test_memory_limit(host, dom0):
    home(dom0, 3)
    guest = host.domain(3)
    dom0.control("quota", "set", "3", "memory", "20000")
    with pytest.raises(XsError) as info:
        for i in range(100):
            guest.write("n%d" % i, b"x" * 1000)
    assert info.value.name == "ENOSPC"
    assert 10 < i < 20
    assert "dom3: refused: memory" in host.log()
    guest.write("n0", b"")                      # smaller is always possible
    assert dom0.control("check") == "OK"


def memory(dom0, domid):
    """Bytes that a domain is charged for."""
    lines = dict(line.split(" ", 1) for line in
                 dom0.control("limits", str(domid)).splitlines())
    return int(lines["memory"].split()[0])


def test_memory_of_transactions(host, dom0):
    """What an open transaction keeps is charged, and given back."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.write("n", b"x")
    before = memory(dom0, 3)
    dom0.control("quota", "set", "3", "memory", "20000")
    tx = guest.start()
    with pytest.raises(XsError) as info:
        for i in range(100):
            guest.write("n", b"%1000d" % i, tx)     # the same node
    assert info.value.name == "ENOSPC"
    assert 3 < i < 20
    assert before < memory(dom0, 3) <= 20000
    assert dom0.control("check") == "OK"
    guest.end(tx, commit=False)
    assert memory(dom0, 3) == before
    # What was looked at is kept, too.
    dom0.control("quota", "set", "3", "memory", str(before + 6000))
    tx = guest.start()
    with pytest.raises(XsError) as info:
        for i in range(100):
            try:
                guest.read("missing%d" % i, tx)
            except XsError as error:
                if error.name != "ENOENT":
                    raise
    assert info.value.name == "ENOSPC"
    host.kill()
    assert dom0.control("check") == "OK"
    assert refused(guest.end, tx) == "EAGAIN"
    assert memory(dom0, 3) == before
    # A transaction that fits leaves no more behind than its nodes.
    tx = guest.start()
    guest.write("n", b"y", tx)
    guest.end(tx)
    assert memory(dom0, 3) == before


def test_memory_of_watches(host, dom0):
    """Long paths take memory even if nothing is there."""
    guest = host.domain(3)
    dom0.control("quota", "set", "3", "memory", "200000")
    with pytest.raises(XsError) as info:
        for i in range(100):
            guest.watch("@%d" % i + "/a" * 1000, "t")
    assert info.value.name == "ENOSPC"
    assert 1 <= i < 5
    assert dom0.control("check") == "OK"
    host.kill()
    assert dom0.control("check") == "OK"
    guest.reset_watches()
    assert memory(dom0, 3) == 0


def allocated(dom0):
    return int(dom0.control("memreport").split()[1])


def test_old_versions_that_a_transaction_keeps(host, dom0):
    """More than its domain may keep alive it must let go of."""
    home(dom0, 3)
    guest = host.domain(3)
    dom0.control("quota", "set", "3", "transaction-kept", "200000")

    def rewrite(n, letter):
        for i in range(n):
            guest.write("n%d" % i, letter * 2000)

    rewrite(200, b"a")
    line = "dom3: refused: transaction-kept"
    # As little as another one may keep is nothing to speak of, however often
    # the same is changed, and whatever others begin and end meanwhile.
    small = guest.start()
    assert guest.read("n1", small) == b"a" * 2000
    for i in range(300):
        rewrite(2, b"%c" % (98 + i % 5))
        dom0.end(dom0.start())
    assert guest.read("n1", small) == b"a" * 2000
    guest.end(small)
    assert line not in host.log()
    # One version in which most is different.
    before = allocated(dom0)
    large = [guest.start() for _ in range(5)]
    for tx in large:
        guest.write("new", b"x", tx)
    rewrite(200, b"z")
    assert allocated(dom0) - before < 300000
    assert host.log().count(line) == 1, host.log()
    for tx in large:
        assert len(guest.read("n150", tx)) == 2000      # it may go on
        assert refused(guest.end, tx) == "EAGAIN"
    assert refused(guest.read, "new") == "ENOENT"
    assert dom0.control("check") == "OK"


def test_dom0_keeps_what_it_likes(host, dom0):
    guest = host.domain(3)
    home(dom0, 3)
    dom0.control("quota", "set", "transaction-kept", "1000")
    guest.write("x", b"a" * 2000)
    tx = dom0.start()
    for i in range(20):
        guest.write("x", b"b" * 2000)
    assert dom0.read("/local/domain/3/x", tx) == b"a" * 2000
    dom0.end(tx)


def lose(guest, dom0, domid, path):
    """Let a transaction that looked at a path lose its commit."""
    tx = guest.start()
    try:
        guest.read(path, tx)
    except XsError as error:
        assert error.name == "EACCES"
    guest.write("mine", b"", tx)
    guest.read("hot", tx)
    dom0.write("/local/domain/%d/hot" % domid, b"")
    assert refused(guest.end, tx) == "EAGAIN"


def paths_held(host, dom0, domid, path):
    """How many paths a guest that keeps losing gets protected."""
    home(dom0, domid)
    guest = host.domain(domid)
    guest.write("hot", b"")
    end = time.monotonic() + LIMIT_S
    line = re.compile(r"dom%d lost \d+ commits: (\d+) paths" % domid)
    while not line.search(host.log()):
        assert time.monotonic() < end
        lose(guest, dom0, domid, path)
    return guest, int(line.search(host.log()).group(1))


def test_lease_of_a_guest(host, dom0):
    """It protects what the guest may use, and only now and then."""
    dom0.control("log", "debug")
    dom0.write("/secret", b"")
    dom0.write("/public", b"")
    dom0.set_perms("/public", "r0")
    _, one = paths_held(host, dom0, 3, "/secret")
    began = time.monotonic()
    guest, two = paths_held(host, dom0, 4, "/public")
    assert two == one + 1
    # Its time ends, and the next one is fifty times as far away.
    for _ in range(10):
        lose(guest, dom0, 4, "/public")
    assert host.log().count("dom4 lost") == 1 or \
        time.monotonic() - began >= 5
    assert dom0.control("check") == "OK"


def test_outstanding(host, dom0):
    """Who does not take replies is not served any more, and loses nothing."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.write("x", b"v" * 900)        # one reply nearly fills the ring
    dom0.control("quota", "set", "3", "outstanding", "4")
    numbers = [guest.send(Type.READ, b"x\0") for _ in range(12)]
    wait_for(lambda: "outstanding 4 4\n" in dom0.control("limits", "3"))
    line = "dom3: refused: outstanding 5 is over the limit of 4"
    wait_for(lambda: line in host.log())
    for number in numbers:
        assert guest.reply(number, Type.READ) == b"v" * 900
    assert host.log().count(line) == 1


def test_event_flood_is_bounded(host, dom0):
    """A guest that sleeps does not gather the same event for ever."""
    home(dom0, 3)
    guest = host.domain(3)
    guest.watch("x", "t")
    for i in range(5000):
        dom0.write("/local/domain/3/x", b"%d" % i)
    assert guest.read("x") == b"4999"
    assert len(guest.events) < 100
    assert guest.events[-1] == ("x", "t")


def test_many_events_are_queued_once(host, dom0):
    """Also those that were queued long ago, and none for another."""
    path = home(dom0, 3)
    guest = host.domain(3)
    token = "t" * 900
    guest.watch("x", token)
    names = ["x/%d" % i for i in range(100)]        # 90 KiB of events
    for _ in range(4):
        for name in names:
            dom0.write("%s/%s" % (path, name), b"")
    guest.read("x/0")
    assert len(guest.events) < 250
    assert set(guest.events) == {(name, token) for name in ["x"] + names}


def test_sleeper_is_cut_off(host, dom0):
    """Different events without end: that client alone is cut off."""
    home(dom0, 3)
    guest, other = host.domain(3), host.domain(4)
    guest.watch("x", "t" * 900)
    dom0.control("quota", "set", "nodes", "0")
    ring = guest.transport
    for i in range(3000):
        dom0.write("/local/domain/3/x/%d" % i, b"")
        if ring.get(ring.ERROR):
            break
    assert ring.get(ring.ERROR) == 1
    assert "dom3: cut off: it does not read what it is sent" in host.log()
    assert other.domain_path(4) == "/local/domain/4"


class Hostile(threading.Thread):
    """A domain in a tight loop: costly requests, as many as the ring takes."""

    def __init__(self, guest):
        super().__init__(daemon=True)
        self.guest, self.stop, self.done = guest, False, 0

    def run(self):
        while not self.stop:
            numbers = [self.guest.send(Type.DIRECTORY, b"\0".join((b"d", b"")))
                       for _ in range(10)]
            for number in numbers:
                self.guest.reply(number, Type.DIRECTORY)
                self.done += 1


def test_ten_hostile_domains_do_not_stop_others(host, dom0):
    """No measurement (see bench): nobody waits for ever."""
    hostile = []
    for domid in range(3, 13):
        home(dom0, domid)
        guest = host.domain(domid)
        for i in range(50):
            guest.mkdir("d/%d" % i)
        hostile.append(Hostile(guest))
    for h in hostile:
        h.start()
    for i in range(300):
        dom0.write("/fair", b"%d" % i)
    wait_for(lambda: min(h.done for h in hostile) > 0)
    dom0.write("/fair", b"last")
    for h in hostile:
        h.stop = True
    for h in hostile:
        h.join()
