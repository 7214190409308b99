# SPDX-License-Identifier: MIT
"""test_lodge_ends.py - lodge-supervisor, on a host without a hypervisor

The domains have shut down; what is kept of them is written by the tests. A
guest cannot be made here: so it is seen what happens when that fails.
"""
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import kernels
from test_lodge_guests import (BUILD, FAKE, PAUSED, RUNNING, UUIDS, Host)

SUPERVISOR = BUILD / "dom0-tools" / "asan" / "lodge-supervisor"
SHUTDOWN = 4
POWEROFF, REBOOT, SUSPEND, CRASH, WATCHDOG = (
    SHUTDOWN | reason << 16 for reason in range(5))
KEPT = "/libxl/5/lodge"
AGAIN = "/lodge/restarts/"
SEED = "0123456789abcdef" * 2
LIMIT_S = 60
KILLS = 8


class Ends(Host):
    """A host with a supervisor."""

    def __init__(self, directory):
        super().__init__(directory)
        self.kernel = directory / "vmlinuz"
        self.kernel.write_bytes(kernels.elf())
        self.pid = directory / "pid"
        self.said = directory / "said"
        self.process = None

    def keep(self, *settings, quick=0, base=KEPT, begun=0):
        """What is kept of a guest that lodge has made."""
        text = "".join(line + "\n" for line in (
            'name="g"', 'kernel="%s"' % self.kernel, "memory=16") + settings)
        self.write(base + "/config/0", text[:20])
        self.write(base + "/config/1", text[20:])
        self.write(base + "/life", "%d %d %s" % (begun, quick, SEED))

    def ended(self, flags, *settings, **more):
        self.play()
        self.set_domains({0: RUNNING, 5: flags})
        self.keep(*settings, **more)

    def read(self, path):
        return self.client.read(path)

    def supervisor(self, *options, **more):
        return subprocess.Popen(
            [str(SUPERVISOR), "-i", "--pid-file=%s" % self.pid, *options],
            env=dict(self.env(), LD_PRELOAD=str(FAKE),
                     ASAN_OPTIONS="verify_asan_link_order=0"), **more)

    def start(self, *options):
        with open(self.said, "a") as said:
            self.process = self.supervisor(*options, stderr=said)

    def until(self, ask):
        end = time.monotonic() + LIMIT_S
        while not ask():
            assert time.monotonic() < end and self.process.poll() is None, \
                (self.said.read_text(), self.domains.read_text(),
                 self.nodes())
            time.sleep(0.02)

    def stop(self):
        """What it has said; it ends without a complaint."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(LIMIT_S) == 0, self.said.read_text()
        self.process = None
        return self.said.read_text().replace("lodge-supervisor: ", "")

    def look(self, *words):
        """Until it has said all that; all that it has said."""
        self.start()
        self.until(lambda: all(word in self.said.read_text()
                               for word in words))
        return self.stop()

    def forget(self):
        """Everything, for another turn."""
        for path in ("/libxl", "/lodge", "/vm", "/local/domain/5"):
            if path in self.nodes():
                self.client.rm(path)
        self.said.write_text("")

    def again(self):
        """The UUIDs of those that are to be started again."""
        return [path.split("/")[3] for path in self.nodes()
                if path.startswith(AGAIN) and path.endswith("/from")]

    def waiting(self, action):
        """There is what there is to be, once."""
        return len(self.again()) == (action != "destroy")

    def has_begun(self):
        """The one at work is that which was started last; it looks once."""
        return self.pid.exists() and \
            self.pid.read_text() == "%d\n" % self.process.pid

    def settled(self, action):
        """It has ended, and its restart has failed."""
        if action == "destroy":
            return self.numbers() == [0] and \
                "/libxl/5" not in self.nodes()
        return any(path.endswith("/wait") for path in self.nodes())

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        super().close()


@pytest.fixture
def host(tmp_path):
    h = Ends(tmp_path)
    yield h
    h.close()


def of_guest(host):
    """What the store says of it."""
    return {path for path in host.nodes() if "/5" in path or "/vm/" in path}


# ---- each action

def test_destroy(host):
    host.ended(POWEROFF)
    assert host.look("destroyed") == \
        'domain 5, "g", has shut down: it is destroyed\n'
    assert host.numbers() == [0]
    assert not of_guest(host)


@pytest.mark.parametrize("flags, key, words", [
    (POWEROFF, "on_poweroff", "has shut down"), (REBOOT, "on_reboot", "reboots"),
    (CRASH, "on_crash", "has crashed"),
    (WATCHDOG, "on_watchdog", "was ended by its watchdog")])
def test_preserve(host, flags, key, words):
    """Once, and not again by the next one that looks."""
    host.ended(flags, key + '="preserve"')
    before = of_guest(host)
    line = 'domain 5, "g", %s: it is kept\n' % words
    assert host.look("kept") == line
    assert of_guest(host) == before | {KEPT + "/left"}
    host.set_domains({0: RUNNING, 5: flags, 6: POWEROFF})
    host.write("/local/domain/6/name", "other")
    host.keep(base="/libxl/6/lodge")
    assert host.look("other") == \
        line + 'domain 6, "other", has shut down: it is destroyed\n'
    assert host.numbers() == [0, 5]


def test_suspended(host):
    """It is being saved: that is not its end."""
    host.ended(SUSPEND, 'on_poweroff="destroy"')
    before = of_guest(host)
    host.set_domains({0: RUNNING, 5: SUSPEND, 6: POWEROFF})
    host.write("/local/domain/6/name", "other")
    host.keep(base="/libxl/6/lodge")
    host.look("other")
    assert of_guest(host) == before and host.numbers() == [0, 5]


def test_not_ours(host):
    """Of xl's nothing is kept, and it is not touched."""
    host.play()
    host.play_devices()
    before = host.nodes()
    host.set_domains({0: RUNNING, 5: POWEROFF, 6: POWEROFF})
    host.write("/local/domain/6/name", "ours")
    host.keep(base="/libxl/6/lodge")
    host.look("ours")
    assert host.numbers() == [0, 5]
    assert host.nodes() - {"/lodge", "/lodge/unfinished"} == before


def test_left(host):
    """lodge create -e: nobody acts."""
    host.ended(POWEROFF)
    host.write(KEPT + "/left", "by its owner")
    host.set_domains({0: RUNNING, 5: POWEROFF, 6: POWEROFF})
    host.write("/local/domain/6/name", "other")
    host.keep(base="/libxl/6/lodge")
    assert '"g"' not in host.look("other")
    assert host.numbers() == [0, 5]


# ---- starting again

def test_restart_fails(host):
    """The old one has ended; the new one is tried again, until it is given
    up. Its name is not free meanwhile."""
    host.ended(REBOOT)
    said = host.look("is started again", "cannot create")
    assert said.startswith('domain 5, "g", reboots: it is started again\n')
    assert host.numbers() == [0] and not of_guest(host) - {
        path for path in host.nodes() if path.startswith(AGAIN)}
    base = AGAIN + UUIDS[5]
    assert host.read(base + "/from") == b"5 g"
    assert host.read(base + "/life").endswith(SEED.encode())
    tries, _ = host.read(base + "/wait").split()
    assert int(tries) >= 1
    cfg = host.kernel.with_suffix(".cfg")
    cfg.write_text('name="g"\nkernel="%s"\nmemory=16\n' % host.kernel)
    status, _, told = host.lodge("create", "-q", str(cfg))
    assert (status, told) == (
        1, 'lodge: "g" has ended and is about to be started again (cannot '
        'create "g"); lodge destroy gives that up\n')
    assert host.lodge("destroy", "g") == (0, "", "")
    assert not {path for path in host.nodes() if path.startswith(AGAIN + "0")}
    assert host.lodge("destroy", "g") == (
        1, "", 'lodge: no domain is called "g"\n')


def test_killed_before_the_end(host):
    """Decided, but not yet ended: whoever comes next goes on."""
    host.ended(REBOOT)
    host.write(KEPT + "/left", "restarting")
    host.keep(base=AGAIN + UUIDS[5])
    host.write(AGAIN + UUIDS[5] + "/from", "5 g")
    host.look("cannot create")
    assert host.numbers() == [0]


def test_killed_behind_the_start(host):
    """The new one is there: nothing is made."""
    host.set_domains({0: RUNNING, 5: PAUSED})
    host.play()
    host.keep()
    host.keep(base=AGAIN + UUIDS[5])
    host.write(AGAIN + UUIDS[5] + "/from", "3 g")
    assert host.look("is domain") == '"g", which was domain 3, is domain 5\n'
    assert AGAIN + UUIDS[5] not in host.nodes()
    assert host.numbers() == [0, 5]


@pytest.mark.parametrize("action", ["restart", "rename-restart", "destroy"])
def test_killed_anywhere(host, action):
    """At moments over the whole of its work; the next one goes on."""
    chance = random.Random(SEED)
    done = {"restart": "cannot create", "rename-restart": "cannot create",
            "destroy": ""}[action]
    begun = time.monotonic()
    host.ended(CRASH, 'on_crash="%s"' % action)
    host.look(done or "destroyed")
    whole = time.monotonic() - begun
    for _ in range(KILLS):
        host.forget()
        host.ended(CRASH, 'on_crash="%s"' % action)
        for _ in range(2):
            host.start()
            time.sleep(whole * chance.random())
            host.process.kill()
            host.process.wait()
        host.start()
        # Those before it may have done all but what they were killed over.
        host.until(host.has_begun)
        host.until(lambda: host.settled(action))
        host.stop()
        assert host.waiting(action) and not {
            path for path in host.nodes()
            if path.startswith("/lodge/unfinished/")}
        assert host.numbers() == (
            [0, 5] if action == "rename-restart" else [0])


def test_destroy_gives_up(host):
    """The owner ends a guest that is just being started again."""
    host.ended(REBOOT)
    host.keep(base=AGAIN + UUIDS[5])
    host.write(AGAIN + UUIDS[5] + "/from", "5 g")
    assert host.lodge("destroy", "g") == (0, "", "")
    assert AGAIN + UUIDS[5] not in host.nodes()


def test_rename_restart(host):
    """The old one stays, under another name."""
    host.ended(CRASH, 'on_crash="rename-restart"')
    said = host.look("cannot create")
    assert said.startswith('domain 5, "g", has crashed: it is called "g-5" '
                           'now, and another one is started\n')
    assert host.read("/local/domain/5/name") == b"g-5"
    assert host.numbers() == [0, 5]
    left = {path for path in host.nodes()
            if path.startswith(AGAIN) and path.endswith("/from")}
    assert len(left) == 1 and UUIDS[5] not in left.pop()


def test_rename_taken(host):
    """Nothing has changed if that name is another's."""
    host.ended(CRASH, 'on_crash="rename-restart"')
    host.write("/local/domain/6/name", "g-5")
    before = host.nodes()
    assert host.look("called") == 'domain 6 is called "g-5"\n'
    assert host.nodes() == before
    assert host.read("/local/domain/5/name") == b"g"


def test_no_kernel(host):
    """What could not be made again is not ended."""
    host.ended(REBOOT, 'ramdisk="/nonexistent"')
    assert host.look("kept") == (
        'domain 5, "g", reboots: it is kept, because it could not be made '
        'again from its configuration\n')
    assert host.numbers() == [0, 5]


def test_too_often(host):
    uptime = int(float(pathlib.Path("/proc/uptime").read_text().split()[0]))
    host.ended(REBOOT, quick=5, begun=uptime + 3600)
    assert host.look("kept") == (
        'domain 5, "g", reboots: it is kept, because it has ended so soon '
        'too often to be started again\n')


# ---- what makes no sense

@pytest.mark.parametrize("node, value, words", [
    ("/life", "x", "/libxl/5/lodge/life is \"x\""),
    ("/life", "1 2 " + SEED[1:], "/libxl/5/lodge/life is"),
    ("/config/7", "x", "/libxl/5/lodge/config/2 is missing"),
    ("/config/1", '\nmemory="x"', "its configuration has errors")])
def test_nonsense(host, node, value, words):
    """It is told of, kept, and keeps no other from its end."""
    host.ended(POWEROFF)
    host.write(KEPT + node, value)
    host.set_domains({0: RUNNING, 5: POWEROFF, 6: POWEROFF})
    host.write("/local/domain/6/name", "other")
    host.keep(base="/libxl/6/lodge")
    host.look(words, '"other", has shut down: it is destroyed')
    assert host.numbers() == [0, 5]


def test_nonsense_to_be_restarted(host):
    for node, value in (("x/from", "5 g"), (UUIDS[6] + "/from", "g"),
                        (UUIDS[6] + "/life", "1")):
        host.write(AGAIN + node, value)
    host.ended(POWEROFF)
    host.look("it is destroyed")
    assert host.numbers() == [0]


# ---- one at a time

def test_second(host):
    host.ended(POWEROFF)
    host.start()
    host.until(lambda: host.numbers() == [0])
    other = host.supervisor(stderr=subprocess.PIPE, text=True)
    assert other.communicate(timeout=LIMIT_S)[1] == (
        "lodge-supervisor: %s is locked: another one is at work\n" % host.pid)
    assert other.returncode == 1
    host.stop()


def test_being_destroyed(host):
    """Whoever ends it is left to it."""
    host.ended(POWEROFF)
    stat = pathlib.Path("/proc/self/stat").read_text()
    start = int(stat.rpartition(")")[2].split()[19])
    host.leave(5, True, "g", os.getpid(), start)
    host.set_domains({0: RUNNING, 5: POWEROFF, 6: POWEROFF})
    host.write("/local/domain/6/name", "other")
    host.keep(base="/libxl/6/lodge")
    assert '"g"' not in host.look("other")
    assert host.numbers() == [0, 5]


# ---- all of them at the host's end

def halt(host, *options):
    done = subprocess.run(
        [str(SUPERVISOR), "--stop", *options], capture_output=True, text=True,
        timeout=LIMIT_S, env=dict(host.env(), LD_PRELOAD=str(FAKE),
                                  ASAN_OPTIONS="verify_asan_link_order=0"))
    return done.returncode, done.stderr.replace("lodge-supervisor: ", "")


def test_stop(host):
    """Ended ones at once; one that does not listen when the time is over;
    another tool's not; what was about to be started is not."""
    host.ended(POWEROFF, 'on_poweroff="preserve"')
    host.set_domains({0: RUNNING, 5: POWEROFF, 6: 0})
    host.play(6, "deaf")
    host.keep(base="/libxl/6/lodge")
    host.keep(base=AGAIN + "21020300-0000-0000-0000-000000000000")
    host.write(AGAIN + "21020300-0000-0000-0000-000000000000/from", "3 x")
    assert halt(host, "--limit=2") == (
        0, 'domain 5, "g", has ended: it is destroyed\n'
        'domain 6, "deaf", has not shut down in time: it is destroyed\n')
    assert host.numbers() == [0]
    assert not {path for path in host.nodes() if path.startswith(
        (AGAIN + "2", "/lodge/halting", "/libxl/5", "/libxl/6"))}


def test_stop_others(host):
    host.play()
    host.set_domains({0: RUNNING, 5: 0})
    assert halt(host, "--limit=1") == (0, "")
    assert host.numbers() == [0, 5]
    assert halt(host, "--limit=1", "--all") == (
        0, 'domain 5, "g", has not shut down in time: it is destroyed\n')
    assert host.numbers() == [0]


def test_asked(host):
    """One that listens is asked, once."""
    host.play()
    host.set_domains({0: RUNNING, 5: 0})
    host.keep()
    host.write("/local/domain/5/control/feature-poweroff", "1")
    assert halt(host, "--limit=3") == (
        0, 'domain 5, "g", is asked to shut down\n'
        'domain 5, "g", has not shut down in time: it is destroyed\n')


def test_nothing_while_halting(host):
    """The supervisor waits for whoever is at it, not for one that is gone."""
    stat = pathlib.Path("/proc/self/stat").read_text()
    start = int(stat.rpartition(")")[2].split()[19])
    host.ended(POWEROFF)
    host.write("/lodge/halting", "%d %d" % (os.getpid(), start))
    host.start()
    host.until(host.has_begun)
    assert host.stop() == ""
    assert host.numbers() == [0, 5]
    host.write("/lodge/halting", "%d %d" % (os.getpid(), start + 1))
    host.look("it is destroyed")


# ---- the configuration that is kept

def test_update(host):
    """Overrides, or another file; it stays what it was if that is wrong."""
    host.ended(0, 'on_reboot="preserve"')
    assert host.lodge("config-update", "g", "memory=32") == (0, "", "")
    assert host.read(KEPT + "/config/0").decode().splitlines() == [
        'name="g"', 'kernel="%s"' % host.kernel, 'on_reboot="preserve"',
        "memory=32"]
    assert KEPT + "/config/1" not in host.nodes()
    kept = host.read(KEPT + "/config/0")
    status, _, said = host.lodge("config-update", "g", 'on_reboot="again"')
    assert status == 1 and "error: on_reboot is \"again\"" in said
    assert host.read(KEPT + "/config/0") == kept
    cfg = host.kernel.with_suffix(".cfg")
    cfg.write_text('name="other"\nkernel="%s"\nmemory=16 # little\n'
                   % host.kernel)
    assert host.lodge("config-update", "g", str(cfg), "vcpus=2") == (0, "", "")
    assert host.read(KEPT + "/config/0").decode().splitlines() == [
        'name="other"', 'kernel="%s"' % host.kernel, "memory=16", "vcpus=2"]
    assert host.read(KEPT + "/life").decode() == "0 0 " + SEED


def test_core_dumps(host):
    """Not there: said before the guest is."""
    cfg = host.kernel.with_suffix(".cfg")
    cfg.write_text('name="g"\nkernel="%s"\nmemory=16\n'
                   'on_crash="coredump-destroy"\n' % host.kernel)
    assert host.lodge("check", str(cfg)) == (
        1, "%s:4: error: on_crash needs what is not supported: core dumps; "
        "preserve keeps the guest to be looked at\n" % cfg, "")


# ---- options

@pytest.mark.parametrize("options, said", [
    (["--quick=x"], '--quick: "x" is no number up to 999999'),
    (["--limit="], '--limit: "" is no number up to 999999'),
    (["--most=1000000"], '--most: "1000000" is no number up to 999999')])
def test_options(host, options, said):
    done = subprocess.run([str(SUPERVISOR), *options], capture_output=True,
                          text=True)
    assert (done.returncode, done.stderr) == (
        2, "lodge-supervisor: %s\n" % said)
