# SPDX-License-Identifier: MIT
"""Restart, recorded state, and what happens when that is damaged."""
import os
import shutil
import signal
import struct
import subprocess
import threading
import time

import pytest

import daemon as daemon_module
from wire import Closed, Type, XsError


def journal(daemon):
    """The newest journal."""
    return max(daemon.state.glob("journal.*"),
               key=lambda p: int(p.suffix[1:]))


def used(path):
    """Length of a journal's records, without the room behind them."""
    data, at = path.read_bytes(), 0
    while at < len(data) and data[at:at + 4] != bytes(4):
        at += int.from_bytes(data[at:at + 4], "little") + 3 & ~3
    return at


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def item(kind, a=0, nr=0, flags=0, text=b"", rest=b""):
    """An item of a record; text is its string, with its NUL."""
    fields = (flags, nr, a, 0, 0, len(text), len(text + rest), 0)
    which = sum(1 << i for i, value in enumerate(fields) if value)
    return bytes((kind, which)) + b"".join(
        varint(value) for value in fields if value) + text + rest


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes((value,))


def preamble(number):
    """How a file of some format begins."""
    body = struct.pack("<QIBBHIIIIQ", 0, 32, 12, 0, 0, number, 0, 0, 0, 0)
    return struct.pack("<II", 8 + len(body), crc32c(body)) + body


def append_record(path, items):
    """Add a record that is whole, whatever it says."""
    data, at = bytearray(path.read_bytes()), used(path)
    body = varint(10 ** 6) + items
    record = struct.pack("<II", 8 + len(body), crc32c(body)) + body
    data[at:at + len(record)] = record
    path.write_bytes(data)
    return at


def end_all(daemon):
    """End keeper and daemon; only the state directory is left."""
    daemon.stop()
    (daemon.state / "daemon.pid").unlink()


def test_restart_of_both(daemon):
    """Without a keeper sockets are lost, the tree is not."""
    client = daemon.client()
    client.write("/a/b", b"1")
    client.set_perms("/a/b", "n3", "r4")
    client.control("quota", "set", "nodes", "55")
    client.set_perms("@releaseDomain", "n0", "r7")
    end_all(daemon)
    daemon.start()
    client = daemon.client()
    assert client.read("/a/b") == b"1"
    assert client.get_perms("/a/b") == ["n3", "r4"]
    assert client.get_perms("@releaseDomain") == ["n0", "r7"]
    assert ":       55 Nodes" in client.control("quota")
    assert "watches: 0\n" in client.control("status")
    assert client.control("check") == "OK"


@pytest.mark.parametrize("damage", ("cut", "flip", "garbage"))
def test_torn_tail(daemon, damage):
    client = daemon.client()
    client.write("/first", b"1")
    path = journal(daemon)
    before = used(path)
    client.write("/last", b"2" * 100)
    end_all(daemon)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[:before + 60]
    elif damage == "flip":
        data[before + 60] ^= 1
    else:
        after = used(path)
        data[after:after + 40] = os.urandom(40)
    path.write_bytes(data)
    daemon.start()
    client = daemon.client()
    assert client.read("/first") == b"1"
    if damage == "garbage":
        assert client.read("/last") == b"2" * 100
    else:
        with pytest.raises(XsError):
            client.read("/last")
    assert "is torn at byte" in daemon.log()
    # It goes on from there, and what follows is found again.
    client.write("/next", b"3")
    daemon.kill()
    assert client.read("/next") == b"3" and client.read("/first") == b"1"
    assert daemon.log().count("is torn") == 1


def grow(client):
    """Make the journal long enough for a new generation, and just one."""
    for i in range(300):
        client.write("/grow/%d" % (i % 100), b"%04d" % i * 1000)


def wait_for_snapshot(daemon):
    """Until the newest generation has its snapshot; its file."""
    end = time.monotonic() + daemon_module.START_S
    while time.monotonic() < end:
        snap = daemon.state / ("snap" + journal(daemon).suffix)
        if snap.exists():
            return snap
        time.sleep(0.02)
    raise AssertionError("no snapshot")


def test_generations(daemon):
    client = daemon.client()
    for i in range(3000):
        client.mkdir("/keep/%d" % i)
    client.watch("/keep", "t")
    client.poll_events()
    grow(client)
    wait_for_snapshot(daemon)
    client.read("/grow/0")              # it is done with removing the old
    names = sorted(p.name for p in daemon.state.iterdir())
    assert names == ["daemon.pid", "journal.1", "keeper.pid", "lock", "snap.1"]
    daemon.kill()
    assert client.read("/keep/2999") == b""
    assert client.read("/grow/99") == b"0299" * 1000
    client.write("/keep/new", b"")
    assert client.poll_events() == [("/keep/new", "t")]
    assert client.control("check") == "OK"


def test_snapshot_holds_all(daemon):
    """Names, values and lists of every kind come back out of a snapshot."""
    client = daemon.client()
    deep = "/deep" + "/d" * 1000
    client.write(deep, b"\0\xff" * 600)
    client.mkdir("/deep" + "/d" * 500 + "/sibling")
    client.write("/" + "n" * 3000, bytes(range(256)))
    for i in range(300):
        client.write("/lists/%d" % i, b"%d" % i * (i % 7))
        client.set_perms("/lists/%d" % i, "n%d" % (i % 5),
                         *("r%d" % (j + 1) for j in range(i % 11)))

    def look():
        return ([client.read(deep), client.read("/" + "n" * 3000),
                 client.directory("/deep" + "/d" * 500),
                 client.directory("/")] +
                [(client.read("/lists/%d" % i),
                  client.get_perms("/lists/%d" % i)) for i in range(300)])

    grow(client)
    wait_for_snapshot(daemon)
    before = look()
    daemon.kill()
    assert look() == before
    assert client.control("check") == "OK"


def test_state_is_small(daemon):
    """What survival costs is bounded by what the tree is charged for."""
    client, nodes = daemon.client(), 40000

    def write_all(step):
        for first in range(0, nodes, 100):
            chosen = range(first, first + 100, step)
            for i in chosen:
                client.send(Type.WRITE, b"/many/%d/n%d\0%08d" % (
                    i // 100, i % 100, i))
            for i in chosen:
                assert client.message()[0] == Type.WRITE

    write_all(1)
    for _ in range(4):
        write_all(8)
        on_disk = sum(path.stat().st_blocks * 512
                      for path in daemon.state.iterdir())
        # Journals of 1 MiB with the room ahead, twice while a snapshot is
        # being written, and the snapshots.
        assert on_disk < 2 * (1 << 20) + 2 * (600 << 10) + 2 * 8 * nodes
    snapshot = max(daemon.state.glob("snap.*"),
                   key=lambda path: path.stat().st_size)
    assert snapshot.stat().st_size < 8 * nodes
    daemon.kill()
    assert client.read("/many/399/n99") == b"%08d" % 39999
    assert client.control("check") == "OK"


def test_long_first_record(daemon):
    """What a journal begins with does not count as its growth."""
    client = daemon.client()
    for first in range(0, 12000, 100):
        for i in range(first, first + 100):
            client.send(Type.WATCH, b"/watched/%d\0%0100d\0" % (i, i))
        for i in range(200):            # a reply and an event each
            client.message()
    for i in range(200):
        client.write("/a", b"%d" % i)
    assert journal(daemon).name in ("journal.1", "journal.2")
    daemon.kill()
    client.write("/watched/11999", b"")
    assert client.poll_events() == [("/watched/11999", "%0100d" % 11999)]


def test_killed_while_a_generation_begins(daemon):
    """With and without a complete snapshot the state is the same."""
    client = daemon.client()
    for i in range(2000):
        client.mkdir("/keep/%d" % i)
    for i in range(30):
        client.write("/more/%d" % i, b"x" * 4000)
        client.send(11, b"/x\0" + b"y" * 4000)
        client.message()
    while not (daemon.state / "journal.1").exists():
        client.write("/x", b"y" * 4000)
    daemon.kill()
    client.write("/after", b"1")
    daemon.kill()
    assert len(client.directory_part("/keep", 0)[1]) > 3000
    assert client.read("/after") == b"1"
    assert client.read("/more/29") == b"x" * 4000
    assert client.control("check") == "OK"


def test_damaged_snapshot_is_refused(daemon):
    """It must not serve half a tree as if that were all."""
    client = daemon.client()
    grow(client)
    snap = wait_for_snapshot(daemon)
    end_all(daemon)
    data = bytearray(snap.read_bytes())
    data[len(data) // 2] ^= 1
    snap.write_bytes(data)
    with pytest.raises(AssertionError):
        daemon.start()
    assert daemon.process.wait(20) == 1
    assert snap.name + " is damaged at byte" in daemon.log()
    daemon.log_path.write_text("")      # the refusal is what was wanted


def test_live_update(daemon):
    client = daemon.client()
    client.write("/a", b"1")
    client.watch("/a", "t")
    client.poll_events()
    old = daemon.pid
    other = daemon.dir / "other-xenstored"
    shutil.copy(daemon.command[0], other)
    assert client.control("live-update", "-s") == "no binary was named"
    assert client.control("live-update", "-f", "/nonexistent") == \
        "cannot execute /nonexistent"
    assert client.control("live-update", "-f", str(other)) == "OK"
    tx = client.start()
    assert client.control("live-update", "-s") == "BUSY"
    client.end(tx)
    assert client.control("live-update", "-s") == "OK"
    new = daemon.wait_for_pid(old)
    assert os.readlink("/proc/%d/exe" % new) == str(other)
    assert client.read("/a") == b"1"
    client.write("/a", b"2")
    assert client.poll_events() == [("/a", "t")]


def test_live_update_to_something_broken(daemon):
    """The keeper goes back to the binary that worked."""
    client = daemon.client()
    old = daemon.pid
    assert client.control("live-update", "-f", "/bin/false") == "OK"
    assert client.control("live-update", "-s") == "OK"
    new = daemon.wait_for_pid(old)
    assert os.readlink("/proc/%d/exe" % new) == daemon.command[0]
    assert client.directory("/") == ["tool"]
    assert "/bin/false does not start" in daemon.log()


@pytest.mark.parametrize("what", (
    "exit 3",                   # what a daemon says of a hopeless state
    "exec sleep 1000",          # it never serves
    "exec sleep 1000 3>&-",     # nor does it end
))
def test_live_update_to_something_useless(daemon, what):
    """Nothing but a pause comes of it, whatever the new binary does."""
    client = daemon.client()
    client.write("/a", b"1")
    old = daemon.pid
    script = daemon.dir / "update"
    script.write_text("#!/bin/sh\n" + what + "\n")
    script.chmod(0o755)
    assert client.control("live-update", "-f", str(script)) == "OK"
    for bad in (["-t"], ["-t", "x"], ["-t", "0"], ["-q"]):
        with pytest.raises(XsError):
            client.control("live-update", "-s", *bad)
    assert client.control("live-update", "-s", "-t", "1", "-F") == "OK"
    new = daemon.wait_for_pid(old)
    assert os.readlink("/proc/%d/exe" % new) == daemon.command[0]
    assert client.read("/a") == b"1"
    assert "update does not start" in daemon.log()


@pytest.mark.parametrize("number, whose", ((1, "an older"),
                                           (2, "an older"),
                                           (4, "a newer")))
def test_state_of_another_format(daemon, number, whose):
    """It is refused as a whole: half of it is not what it says."""
    daemon.client().write("/a", b"1")
    end_all(daemon)
    path = journal(daemon)
    good = path.read_bytes()
    path.write_bytes(preamble(number) + good[48:])
    daemon.process = subprocess.Popen(
        daemon.command, env=daemon.env, stderr=open(daemon.log_path, "ab"))
    assert daemon.process.wait(20) == 1
    assert "was written by %s daemon: its format is %d" % (whose, number) in \
        daemon.log()
    assert path.read_bytes() == preamble(number) + good[48:]
    path.write_bytes(good)
    daemon.start()
    assert daemon.client().read("/a") == b"1"


@pytest.mark.parametrize("what", (
    # An owner that cannot be: there is no such domain's account.
    item(1, a=1, flags=3, text=b"/x\0", rest=struct.pack("<HH", 0xffff, 0)),
    item(1, a=1, flags=3, text=b"/x\0", rest=struct.pack("<HH", 0, 9)),
    # Permissions of a special event that are none.
    item(1, text=b"@releaseDomain\0"),
    item(1, flags=2, text=b"@releaseDomain\0"),
    # A length without a value.
    item(1, a=1, nr=1, flags=2, text=b"/x\0",
         rest=b"\0" + struct.pack("<HH", 0, 0)),
    item(77),
), ids=("owner", "letter", "special", "empty", "length", "type"))
def test_whole_record_without_sense(daemon, what):
    client = daemon.client()
    client.write("/a", b"1")
    client.mkdir("/releaseDomain")
    end_all(daemon)
    at = append_record(journal(daemon), what)
    daemon.start()
    assert "is torn at byte %d" % at in daemon.log()
    client = daemon.client()
    assert client.read("/a") == b"1"
    assert client.get_perms("@releaseDomain") == ["n0"]
    assert client.directory("/") == ["a", "releaseDomain", "tool"]
    assert client.control("check") == "OK"


def test_open_transaction_ends_with_eagain(daemon):
    client = daemon.client()
    client.write("/a", b"1")
    tx = client.start()
    client.write("/a", b"2", tx)
    daemon.kill()
    client.write("/b", b"3", tx)        # it can go on until its end
    assert client.read("/b", tx) == b"3"
    with pytest.raises(XsError) as info:
        client.end(tx)
    assert info.value.name == "EAGAIN"
    assert client.read("/a") == b"1"
    assert client.directory("/") == ["a", "tool"]


def test_no_room_for_the_journal(tmp_path):
    """A full state directory refuses changes, and reads go on."""
    if os.geteuid():
        pytest.skip("mounting a small file system needs root")
    import subprocess
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none",
                    str(small)], check=True)
    d = None
    try:
        d = daemon_module.Daemon(state=small)
        client = d.client()
        # Values that cannot be compressed.
        values = [os.urandom(4000) for _ in range(2000)]
        with pytest.raises(XsError) as info:
            for i, value in enumerate(values):
                client.write("/%d" % i, value)
        assert info.value.name == "ENOSPC"
        assert i > 300
        assert "no room for the journal" in d.log()
        for _ in range(2):
            for n, value in enumerate(values[:i]):
                assert client.read("/%d" % n) == value
            with pytest.raises(XsError):
                client.read("/%d" % i)
            d.kill()
        d.close()
    finally:
        if d:
            d.stop()
        subprocess.run(["umount", str(small)], check=True)


def test_no_room_for_replies(tmp_path):
    """Then that guest is cut off: no SIGBUS, and nobody else notices."""
    if os.geteuid():
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none",
                    str(small)], check=True)
    d = None
    try:
        d = daemon_module.Daemon(state=small, domains=True)
        dom0, guest = d.client(), d.domain(3)
        dom0.write("/local/domain/3/x", b"v" * 2000)
        dom0.set_perms("/local/domain/3/x", "n3")
        other = d.domain(4)
        pid = d.pid
        with pytest.raises(OSError), open(small / "ballast", "wb",
                                          buffering=0) as ballast:
            for size in (65536, 4096):
                while ballast.write(bytes(size)) == size:
                    pass
            ballast.write(b"x")
        ring = guest.transport
        with pytest.raises(Closed) as info:
            for _ in range(60):         # more than was there before
                guest.send(Type.READ, b"x\0")
            guest.transport.wait(lambda: False)
        assert info.value.args == (1,)
        assert "dom3: cut off: there is no memory for what it is sent" in \
            d.log()
        assert d.pid == pid
        assert other.domain_path(4) == "/local/domain/4"
        assert dom0.read("/local/domain/3/x") == b"v" * 2000
        (small / "ballast").unlink()
        dom0.introduce(3)           # there is room again
        assert d.log().count("dom3: introduced") == 2
        d.close()
    finally:
        if d:
            d.stop()
        subprocess.run(["umount", str(small)], check=True)


def test_daemon_that_is_terminated_is_started_again(daemon):
    client = daemon.client()
    client.write("/a", b"1")
    old = daemon.pid
    os.kill(old, 15)
    daemon.wait_for_pid(old)
    assert client.read("/a") == b"1"


def test_pid_file_and_exit(tmp_path):
    pid_file = tmp_path / "pid"
    d = daemon_module.Daemon(options=["--pid-file", str(pid_file)])
    end = time.monotonic() + daemon_module.START_S
    while not pid_file.exists():        # it comes whole, by its name
        assert time.monotonic() < end
        time.sleep(0.02)
    assert int(pid_file.read_text()) == d.process.pid
    worker = d.pid
    assert d.stop() == 0
    assert not pid_file.exists()
    assert not os.path.exists("/proc/%d" % worker)
    d.close()


def test_valgrind():
    """No use of what is not there, over a kill as well.

    Leaks are the sanitizers' task, in all the other tests: valgrind would
    search the whole address space of the journal for them.
    """
    valgrind = shutil.which("valgrind")
    if not valgrind:
        pytest.skip("valgrind is not installed: use make test")
    d = daemon_module.Daemon(
        binary=daemon_module.FAST,
        wrapper=(valgrind, "--trace-children=yes", "-q",
                 "--leak-check=no", "--error-exitcode=99"))
    client, other = d.client(), d.client()
    client.watch("/a", "t")
    for i in range(100):
        client.write("/a/%d" % i, b"x" * i)
        tx = client.start()
        client.write("/a/t%d" % i, b"1", tx)
        client.directory("/a", tx)
        other.write("/b", b"")
        client.end(tx)
    client.rm("/a")
    assert client.poll_events()
    assert client.control("check") == "OK"
    d.kill()
    client.write("/x", b"1")
    assert client.read("/x") == b"1"
    assert d.stop() == 0
    assert "==" not in d.log()          # valgrind's lines
    d.close()


def next_event(client):
    event, = client.poll_events()
    return event


def test_keeper_killed(daemon):
    """The daemon goes on, starts another, and new clients come in."""
    old = daemon.client()
    old.write("/a", b"1")
    old.watch("/a", "t")
    assert next_event(old) == ("/a", "t")
    served_by = daemon.pid
    daemon.kill_keeper()
    assert daemon.pid == served_by
    new = daemon.client()
    new.write("/a", b"2")
    assert next_event(old) == ("/a", "t")
    assert old.read("/a") == b"2"
    # The new keeper does for the daemon what the old one did.
    daemon.kill()
    assert old.read("/a") == b"2"
    new.write("/a", b"3")
    assert next_event(old) == ("/a", "t")
    assert daemon.client().read("/a") == b"3"


def test_keeper_and_daemon_killed_in_turn(daemon):
    """Whoever dies, the other one brings it back; nobody is disconnected."""
    clients = [daemon.client() for _ in range(8)]
    for n in range(20):
        for i, client in enumerate(clients):
            client.write("/%d" % i, b"%d" % n)
        if n % 2:
            daemon.kill_keeper()
        else:
            daemon.kill()
        clients.append(daemon.client())
        for i, client in enumerate(clients[:-1]):
            assert client.read("/%d" % i) == b"%d" % n
    assert clients[-1].read("/0") == b"19"      # it was handed over
    assert "clients: 28\n" in clients[0].control("status")
    assert clients[0].control("check") == "OK"


def test_no_number_is_given_twice(daemon):
    """Clients are handed over in any order, and still told apart."""
    clients = [daemon.client() for _ in range(4)]
    for i, client in enumerate(clients):
        client.write("/%d" % i, b"%d" % i)
        client.watch("/%d" % i, "t")
        client.poll_events()
    clients[0].close()              # the last one takes its place
    while "clients: 3\n" not in clients[1].control("status"):
        time.sleep(0.01)
    daemon.kill()
    assert clients[1].read("/1") == b"1"
    daemon.kill_keeper()
    more = [daemon.client() for _ in range(4)]
    for client in more:
        client.write("/more", b"")
    for i in range(1, 4):
        more[0].write("/%d" % i, b"new")
        assert clients[i].poll_events() == [("/%d" % i, "t")]
    assert "clients: 7\n" in more[0].control("status")


def test_requests_go_on_without_a_keeper(daemon):
    """Neither a request under way nor a connection waits for the keeper."""
    client = daemon.client()
    stop = threading.Event()
    rounds = []

    def work():
        n = 0
        while not stop.is_set():
            n += 1
            client.write("/n", b"%d" % n)
            assert client.read("/n") == b"%d" % n
        rounds.append(n)

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(5):
        daemon.kill_keeper()
        fresh = daemon.client()
        fresh.read("/n")
        fresh.close()
        time.sleep(1.1)     # a keeper that dies sooner is replaced later
    stop.set()
    thread.join(60)
    assert rounds and client.read("/n") == b"%d" % rounds[0]


def test_options(tmp_path):
    """What the command line says of log and limits holds at once."""
    log = tmp_path / "log"
    d = daemon_module.Daemon(options=[
        "--log-file", str(log), "--log-level", "debug", "--trace",
        "--limit", "nodes=7", "--limit", "watches=0"])
    client = d.client()
    client.read("/tool")
    shown = client.control("quota")
    assert ":        7 Nodes" in shown and ":        0 Watches" in shown
    assert "log level: debug\ntrace: on\n" in client.control("status")
    assert "> READ tx 0 len 6: /tool" in log.read_text()
    client.control("log", "off")
    client.control("log", "warn")
    client.control("print", "nobody sees this")     # it is of level info
    client.control("log", "info")
    client.control("print", "everybody sees this")
    text = log.read_text()
    assert "everybody" in text and "nobody" not in text
    assert d.log() == ""
    d.close()


@pytest.mark.parametrize("options, status, line", (
    (["--limit", "nonsense=1"], 2, "no such limit: nonsense=1"),
    (["--limit", "nodes"], 2, "no such limit: nodes"),
    (["--limit", "nodes="], 2, "nodes=: a number from 0"),
    (["--limit", "nodes=many"], 2, "nodes=many: a number from 0"),
    (["--limit", "nodes=-1"], 2, "nodes=-1: a number from 0"),
    (["--log-level", "loud"], 2, "no such level: loud"),
    (["--log-file", "/none/log"], 1, "/none/log: No such file"),
    (["--nonsense"], 2, "--nonsense"),
    (["more"], 2, "Usage:"),
    (["--run-dir", "/none/run"], 1, "/none/run: No such file"),
    (["--state-dir", "/none/state"], 1, "/none/state: No such file"),
    (["--run-dir", "%(dir)s/" + "s" * 100], 1,
     "/socket: the path is too long"),
    # There is none on the host that the tests run on.
    (["--run-dir", "%(dir)s"], 1, "no hypervisor: No such file"),
), ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "")
def test_bad_start(tmp_path, options, status, line):
    """One clear sentence, and an end."""
    options = [option % {"dir": tmp_path} for option in options]
    done = subprocess.run([str(daemon_module.CHECKED), "--foreground",
                           *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == status
    assert line in done.stdout.decode()


def test_no_rights(daemon):
    """Neither process keeps a capability, and what they start gets none."""
    def rights(pid):
        with open("/proc/%d/status" % pid) as status:
            return dict(line.split(":\t", 1) for line in
                        status.read().splitlines() if ":\t" in line)

    for kill in (None, daemon.kill, daemon.kill_keeper):
        if kill:
            kill()
        for pid in (daemon.pid, daemon.keeper):
            got = rights(pid)
            names = ["CapEff", "CapPrm", "CapInh", "CapAmb"]
            if not os.geteuid():
                names.append("CapBnd")
            for name in names:
                assert int(got[name], 16) == 0, (pid, name, got[name])
            assert got["NoNewPrivs"] == "1"


def test_second_daemon_is_refused(daemon):
    """Two that serve from one state directory would destroy it."""
    result = subprocess.run(daemon.command, env=daemon.env, timeout=60,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 1
    assert b"another daemon serves here" in result.stdout
    assert daemon.client().control("check") == "OK"


def test_long_replies_survive(daemon):
    """Output is written again where the client has taken it, and not where
    it has not: each long reply comes once, whole, whenever the daemon dies."""
    client, slow = daemon.client(), daemon.client()
    stop = threading.Event()
    kills = []

    def killer():
        while not stop.is_set():
            time.sleep(0.02)
            daemon.kill()
            kills.append(1)

    thread = threading.Thread(target=killer)
    thread.start()
    asked = []
    try:
        for n in range(10000):
            if n >= 1500 and len(kills) > 5:
                break
            value = b"%04d" % n * 700
            client.write("/v", value)
            assert client.read("/v") == value
            # This one takes replies only now and then.
            asked.append((slow.send(Type.READ, b"/v\0"), value))
            if n % 12 == 11:
                while asked:
                    number, _ = asked.pop(0)
                    got = slow.reply(number, Type.READ)
                    assert len(got) == 2800 and got == got[:4] * 700
    finally:
        stop.set()
        thread.join(60)
    assert len(kills) > 5
    assert client.control("check") == "OK"
