# SPDX-License-Identifier: MIT
"""Our daemon in Dom0 on our hypervisor, in QEMU.

Stock Linux's xenbus driver is the daemon's client over Dom0's ring, through
event channels and a page of Linux's that the daemon maps; programs in Dom0 are
clients over the socket and, by /dev/xen/xenbus, over that ring. Daemon and
keeper are killed under them. The full run does it on Debian's Xen as well.
"""
import pathlib
import re
import sys
import time

import pytest

import daemon as daemon_module

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "system"))
import lab  # noqa: E402

ARCHIVE = daemon_module.BUILD / "xenstore" / "dom0.cpio"
LIMIT_S = 300
STATE = "/run/xenstored/state"
RING = "XENSTORED_PATH=/dev/xen/xenbus "


class Host:
    def __init__(self, machine):
        self.machine = machine
        self.check = machine.check
        self.kills = {"daemon": 0, "keeper": 0}

    def kill(self, which):
        """Kill one of the two; return when another is there."""
        old = self.check("cat %s/%s.pid" % (STATE, which)).strip()
        self.check("kill -9 %s" % old)
        self.kills[which] += 1
        self.wait("test $(cat %s/%s.pid) != %s" % (STATE, which, old))

    def wait(self, command):
        end = time.monotonic() + LIMIT_S
        while self.machine.run(command)[0]:
            assert time.monotonic() < end, command
            time.sleep(0.5)

    def lines(self, path):
        return self.check("cat %s" % path).splitlines()


@pytest.fixture(scope="module", params=[
    "release", pytest.param("control", marks=pytest.mark.full)])
def host(request):
    with lab.Machine("xenstore-in-dom0-" + request.param, request.param,
                     memory_mib=1536, appended=[ARCHIVE],
                     nic=None) as machine:
        machine.wait_shell()
        machine.check("sh /xenstore-alone")
        yield Host(machine)


def test_both_ways_in(host):
    host.check("xenstore write /a/b 'by socket'")
    assert host.check(RING + "xenstore read /a/b").strip() == "by socket"
    host.check(RING + "xenstore write /a/c 'by ring'")
    listing = host.check("xenstore ls /a")
    assert listing.splitlines() == ['b = "by socket"', 'c = "by ring"']
    assert host.check(RING + "xenstore ls /a") == listing
    # A relative path is Dom0's own.
    assert host.check(RING + "xenstore read name").strip() == "Domain-0"


def test_no_rights(host):
    """The hypervisor's device files need no capability."""
    for which in ("daemon", "keeper"):
        status = host.check("cat /proc/$(cat %s/%s.pid)/status" % (
            STATE, which))
        for name in ("CapEff", "CapPrm", "CapBnd"):
            assert re.search(r"^%s:\s+0+$" % name, status, re.M), status


def test_linux_watches(host):
    """Linux's xenbus has registered its own watches over the ring."""
    status = host.check("xenstore control status")
    assert int(re.search(r"^watches: (\d+)", status, re.M).group(1)) >= 1
    host.check("xenstore control check")


def test_killed_under_watches(host):
    """A watch by either way sees each change, whoever died meanwhile."""
    host.check("xenstore write /w/socket start /w/ring start")
    for way, prefix in (("socket", ""), ("ring", RING)):
        host.check("(%sxenstore watch /w/%s >/tmp/%s 2>&1 & echo $! "
                   ">/tmp/%s.pid)" % (prefix, way, way, way))
        host.wait("test $(wc -l </tmp/%s) -ge 1" % way)
    for n, which in enumerate(("daemon", "keeper", "daemon", "daemon",
                               "keeper", "daemon")):
        host.kill(which)
        for way, prefix in (("socket", ""), ("ring", RING)):
            # Written the one way, seen the other.
            host.check("%sxenstore write /w/%s %d" % (
                "" if prefix else RING, way, n))
            host.wait("test $(wc -l </tmp/%s) -ge %d" % (way, n + 2))
            assert host.check("%sxenstore read /w/%s" % (
                prefix, way)).strip() == str(n)
    for way in ("socket", "ring"):
        assert host.lines("/tmp/" + way) == ["/w/" + way] * 7
        host.check("kill $(cat /tmp/%s.pid)" % way)


def test_killed_under_load(host):
    """Nothing that was acknowledged is lost, nothing else is there."""
    for way, prefix in (("s", ""), ("r", RING)):
        host.check("(n=0; while test ! -e /tmp/stop; do n=$((n+1)); "
                   "%sxenstore write /load/%s/$n v$n || break; "
                   "echo $n >>/tmp/acked.%s; done; echo end >/tmp/end.%s) "
                   ">/tmp/load.%s 2>&1 &" % (prefix, way, way, way, way))
    for which in ("daemon", "keeper", "daemon", "daemon"):
        for way in "sr":
            host.wait("test -s /tmp/acked.%s" % way)
        host.kill(which)
    host.check("touch /tmp/stop")
    for way in "sr":
        host.wait("test -e /tmp/end.%s" % way)
        assert host.check("cat /tmp/load.%s" % way) == ""
        acked = host.lines("/tmp/acked.%s" % way)
        assert acked == [str(n + 1) for n in range(len(acked))]
        stored = host.check("xenstore ls -f /load/%s" % way).splitlines()
        assert sorted(stored) == sorted(
            '/load/%s/%s = "v%s"' % (way, n, n) for n in acked)


def test_log(host):
    assert host.check("xenstore control check") == ""
    log = host.check("cat /var/log/xenstored.log")
    # A keeper that is not the daemon's parent cannot tell of what it died.
    ends = log.count("ended by signal 9") + log.count("the daemon is gone")
    assert ends == host.kills["daemon"], log
    assert log.count("the keeper is gone") == host.kills["keeper"], log
    for word in ("cut off", "torn", "lost", "error", "fatal"):
        assert word not in log, log
