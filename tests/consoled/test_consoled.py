# SPDX-License-Identifier: MIT
"""test_consoled.py - the console daemon, under the sanitizers

With the store that it has in use, real terminals and sockets, and guests that
the test plays.
"""
import os
import pathlib
import signal
import subprocess
import time

import pytest

import consoled
import wire
from consoled import read_all, until

DOMID = 5


def open_tty(console, domid=DOMID):
    return os.open(console.tty(domid), os.O_RDWR | os.O_NOCTTY)


def test_terminal_and_socket(console):
    """Whoever reads there gets all; what they type is mixed."""
    guest = console.guest(DOMID)
    tty, reader = open_tty(console), console.connect(DOMID)
    guest.write("login: ")
    assert read_all(tty, 7) == read_all(reader.fileno(), 7) == "login: "
    os.write(tty, b"ro")
    assert guest.read(2) == "ro"
    reader.send(b"ot\n")
    assert guest.read(3) == "ot\n"
    assert console.log("guest-guest.log") == "login: "
    os.close(tty)
    reader.close()


def test_nodes_come_late(console):
    """A toolstack may introduce a domain before it writes of its console."""
    guest = consoled.Console(console.fake, DOMID)
    console.store.domain(DOMID).close()
    guest.write("early")
    console.write_nodes(DOMID)
    console.wait_served(DOMID)
    reader = console.connect(DOMID)
    assert read_all(reader.fileno(), 5) == "early"
    reader.close()
    # Without a name in the store it goes by its number.
    assert console.log("guest-.5.log") == "early"


def test_others_consoles(console):
    """What QEMU serves is left alone."""
    guest = consoled.Console(console.fake, DOMID)
    console.write_nodes(DOMID, type="ioemu")
    console.store.domain(DOMID).close()
    console.guest(6)
    assert console.tty(DOMID) == ""
    guest.write("for QEMU")
    assert guest.words[guest.OUT_CONS] == 0


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "", ".6"])
def test_names(console, name):
    console.guest(DOMID, name=name).write("text")
    until(lambda: os.listdir(console.logs))
    until(lambda: console.log("guest-.5.log") == "text")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restart(console, number):
    """What is in the ring comes through, at another terminal."""
    guest = console.guest(DOMID)
    before = console.tty(DOMID)
    tty = open_tty(console)
    guest.write("before ")
    assert read_all(tty, 7) == "before "
    console.stop(number)
    assert console.tty(DOMID) == ("" if number == signal.SIGTERM else before)
    guest.write("meanwhile ")
    console.start()
    until(lambda: (console.run / str(DOMID)).exists() and
          guest.words[guest.OUT_CONS] == 17)
    reader = console.connect(DOMID)
    guest.write("after")
    assert read_all(reader.fileno(), 15) == "meanwhile after"
    assert console.log("guest-guest.log") == "before meanwhile after"
    reader.close()
    os.close(tty)


def test_megabytes_through_restarts(console):
    """Killed ten times: the log may repeat a ring, but lacks nothing."""
    guest = console.guest(DOMID)
    lines = ["%d\n" % i for i in range(60000)]
    for at in range(0, len(lines), 6000):
        guest.write("".join(lines[at:at + 3000]))
        console.stop(signal.SIGKILL)
        console.start()
        guest.write("".join(lines[at + 3000:at + 6000]))
    until(lambda: guest.room() == guest.OUT)
    logged = console.log("guest-guest.log").splitlines(True)
    assert set(lines) <= set(logged)
    assert len(logged) <= len(lines) + 10 * guest.OUT // 2


def test_other_port(console):
    """A guest that was restored has another one: its readers stay."""
    guest = console.guest(DOMID)
    reader = console.connect(DOMID)
    guest.write("one ")
    assert read_all(reader.fileno(), 4) == "one "
    guest.port = 21
    tty = console.tty(DOMID)
    console.write_nodes(DOMID, port=21, tty=tty)
    guest.write("two")
    assert read_all(reader.fileno(), 3) == "two"
    assert console.tty(DOMID) == tty
    reader.close()


def test_end_of_guest(console):
    """Its last words come through; nothing of it is left, or comes back."""
    guest = console.guest(DOMID)
    reader = console.connect(DOMID)
    guest.write("bye")
    console.client.rm("/local/domain/%d" % DOMID)
    console.store.end_domain(DOMID)
    assert read_all(reader.fileno(), 3) == "bye"
    until(lambda: not (console.run / str(DOMID)).exists())
    assert reader.recv(1) == b""
    with pytest.raises(wire.XsError, match="ENOENT"):
        console.client.read("/local/domain/%d" % DOMID)
    reader.close()


def test_reader_of_last_words(console):
    """One that connects when the guest has ended already gets them too."""
    guest = console.guest(DOMID)
    os.kill(console.process.pid, signal.SIGSTOP)
    guest.write("bye")
    console.client.rm("/local/domain/%d" % DOMID)
    console.store.end_domain(DOMID)
    reader = console.connect(DOMID)
    os.kill(console.process.pid, signal.SIGCONT)
    assert read_all(reader.fileno(), 3) == "bye"
    until(lambda: not (console.run / str(DOMID)).exists())
    assert reader.recv(1) == b""
    reader.close()


def test_damaged_ring(console):
    """Its own console stands still, no other one does."""
    bad, good = console.guest(5, name="bad"), console.guest(6, name="good")
    for ahead in (2049, 0x7fffffff, 0xffffffff):
        bad.words[bad.OUT_PROD] = ahead
        bad.words[bad.IN_CONS] = 1
        for _ in range(100):
            bad.kick()
        good.write("on ")
        until(lambda: good.room() == good.OUT)
        assert bad.words[bad.OUT_CONS] == bad.words[bad.IN_PROD] == 0
    assert console.log("guest-good.log") == "on on on "
    assert console.said.read_text().count("has damaged") == 1
    bad.words[bad.OUT_PROD] = bad.words[bad.IN_CONS] = 0
    bad.write("mended")
    until(lambda: bad.room() == bad.OUT)
    assert console.log("guest-bad.log") == "mended"


def test_store_is_replaced(console):
    """Our store comes back with the watches: guests come and go as before."""
    console.store.kill()
    guest = console.guest(DOMID)
    guest.write("text")
    until(lambda: console.log("guest-guest.log") == "text")


def test_only_one(console):
    console.guest(DOMID)
    done = subprocess.run(console.command, env=console.env, check=False,
                          stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"is locked: another one is at work" in done.stderr


def test_reopen(console):
    guest = console.guest(DOMID)
    guest.write("old")
    log = console.logs / "guest-guest.log"
    until(lambda: log.read_text() == "old")
    log.rename(console.logs / "aside")
    console.process.send_signal(signal.SIGHUP)
    until(log.exists)
    guest.write("new")
    until(lambda: log.read_text() == "new")
    assert console.log("aside") == "old"


@pytest.mark.parametrize("words, said", [
    (["--log=some"], '"some" is not none, guest, hv or all'),
    (["--log-size=x"], '"x" is not a size, like 512k, 16m or 1g'),
    (["--log-size=1t"], '"1t" is not a size, like 512k, 16m or 1g'),
    (["--overflow-data=lose"], '"lose" is not discard or keep'),
    (["word"], "Usage"),
])
def test_wrong_options(words, said):
    done = subprocess.run([str(consoled.DAEMON), *words], check=False,
                          stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_background(store):
    """Its parent leaves when guests are served, or says why not."""
    console = consoled.Consoled(store)
    console.guest(DOMID)
    assert console.stop() == 0
    command = [word for word in console.command if word != "--foreground"]
    assert subprocess.run(command, env=console.env,
                          check=False).returncode == 0
    pid = int((console.dir / "pid").read_text())
    console.wait_served(DOMID)
    os.kill(pid, signal.SIGTERM)
    until(lambda: not (console.dir / "pid").exists())
    command.append("--log-dir=/nonexistent/a/b")
    assert subprocess.run(command, env=console.env, check=False,
                          stderr=subprocess.PIPE).returncode == 1
    console.close()


def test_stale_sockets(console):
    """Of guests that have gone while nobody served: no file stays."""
    console.guest(DOMID)
    path = console.run / str(DOMID)
    assert path.is_socket()
    console.stop(signal.SIGKILL)
    (console.fake / ("dom%d.page" % DOMID)).unlink()
    console.store.end_domain(DOMID)
    console.start()
    consoled.until(lambda: not path.exists(), "its end")


def test_hypervisor_log(store):
    """After a restart, however it was ended, the file goes on."""
    d = consoled.Consoled(store, "--log=hv")
    ring = d.fake / "ring"
    said = ""

    def logged():
        log = d.logs / "hypervisor.log"
        return log.exists() and log.read_text() == said
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        d.stop(number)
        said += "".join("line %d\n" % i for i in range(len(said),
                                                       len(said) + 1000))
        ring.write_text(said)
        d.start()
        consoled.until(logged, "all that the hypervisor said, once")
    # Of another boot it begins anew.
    d.stop()
    (d.logs / "hypervisor.position").write_text("another 5\n")
    said += said
    d.start()
    consoled.until(logged, "all of it once more")
    d.close()


# -- lodge console, at the terminal that the store names ---------------------

NOBODY = ("lodge: nobody serves this console of domain %d yet: does "
          "xenconsoled or lodge-consoled run? ^] leaves\r\n" % DOMID)


def start_tool(console):
    # Sockets are looked for at a fixed place, where there are none.
    return console.tool("console", str(DOMID), stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_tool(console):
    """It follows the terminal, and ends with the domain."""
    guest = console.guest(DOMID)
    tool = start_tool(console)
    guest.write("hello")
    assert read_all(tool.stdout.fileno(), 5) == "hello"
    tool.stdin.write(b"ls\n")
    tool.stdin.flush()
    assert guest.read(3) == "ls\n"
    console.stop(signal.SIGKILL)
    time.sleep(0.2)
    console.start()
    guest.write(" again")
    assert read_all(tool.stdout.fileno(), 6) == " again"
    (console.fake / ("dom%d.page" % DOMID)).unlink()
    console.store.end_domain(DOMID)
    assert tool.wait(consoled.LIMIT_S) == 0
    # On a busy host it may have had to wait for the second daemon.
    assert tool.stderr.read().decode() in ("", NOBODY)


def test_tool_tells(console):
    """What is missing, while it waits."""
    consoled.Console(console.fake, DOMID)
    tool = start_tool(console)
    assert tool.stderr.readline().decode() == NOBODY
    tool.stdin.write(b"\x1d")
    tool.stdin.flush()
    assert tool.wait(consoled.LIMIT_S) == 0


def test_tool_is_not_read(console):
    """A signal ends it while nobody takes what the guest writes."""
    guest = console.guest(DOMID)
    tool = start_tool(console)
    guest.write("x" * 300000)
    tool.send_signal(signal.SIGTERM)
    assert tool.wait(consoled.LIMIT_S) == 1


def test_tool_hears_both(console):
    """The key that ends it is seen while there is text to be shown."""
    guest = console.guest(DOMID)
    tool = start_tool(console)
    # More than fits into a pipe that nobody reads: it waits for its output.
    guest.write("text " * 30000)
    until(lambda: guest.room() == guest.OUT)
    tool.stdin.write(b"\x1d")
    tool.stdin.flush()
    shown = tool.stdout.read()
    assert tool.wait(consoled.LIMIT_S) == 0
    assert shown.startswith(b"text text ")


def test_tool_waits(console):
    """For whoever serves; what was typed meanwhile is kept."""
    guest = consoled.Console(console.fake, DOMID)
    tool = start_tool(console)
    tool.stdin.write(b"early\n")
    tool.stdin.flush()
    time.sleep(1)
    console.write_nodes(DOMID)
    console.store.domain(DOMID).close()
    assert guest.read(6) == "early\n"
    tool.stdin.write(b"more\x1dnever sent")
    tool.stdin.flush()
    assert tool.wait(consoled.LIMIT_S) == 0
    assert guest.read(4) == "more"
    assert guest.words[guest.IN_PROD] == guest.words[guest.IN_CONS]


@pytest.mark.parametrize("rights", [("n%d" % DOMID,), ("n0", "w%d" % DOMID),
                                    ("n0", "b%d" % DOMID), ("b0",)])
def test_tool_distrusts(console, rights):
    """A name that the guest could have written is not opened."""
    console.guest(DOMID)
    node = console.node(DOMID, "console/tty")
    console.client.set_perms(node, *rights)
    tool = start_tool(console)
    assert tool.wait(consoled.LIMIT_S) == 1
    assert tool.stderr.read().decode() == (
        "lodge: %s in the store can be written by the guest (cannot reach "
        "the console of domain %d)\n" % (node, DOMID))


@pytest.mark.parametrize("path, problem", [
    ("/etc/passwd", "%s in the store names no terminal"),
    ("/dev/../etc/passwd", "%s in the store names no terminal"),
    ("/dev/null", "/dev/null is no terminal")])
def test_tool_opens_terminals(console, path, problem):
    console.guest(DOMID)
    node = console.node(DOMID, "console/tty")
    console.client.write(node, path)
    tool = start_tool(console)
    assert tool.wait(consoled.LIMIT_S) == 1
    said = tool.stderr.read().decode()
    assert (problem % node if "%" in problem else problem) in said
    assert pathlib.Path(path).exists()
