# SPDX-License-Identifier: MIT
"""Our daemon in place of Debian's, on Debian's real Xen, in QEMU.

Dom0 is the small one of the system tests, with Debian's xl, libxl and
xenconsoled, Linux's xenbus, blkback and netback; the guest is stock Linux with
a disk and a network interface, both in use all the time. The daemon is killed
while the guest works, and while xl creates a second one: nothing but a pause
may come of it.
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
GUEST_LIMIT_S = 300
# Who is killed under load, and how often the daemon is while xl creates.
SHORT = ("daemon", "keeper"), 3
LONG = ("daemon", "daemon", "keeper", "daemon", "keeper"), 12
STATUS = "xenstore control status"
# QEMU 7.2 corrupts vector registers when Xen switches between Dom0 and a guest
# by XSAVE: now and then a program in either (busybox cat, say) dies of a fault
# in malloc(). With FXSAVE that does not happen.
NO_XSAVE = "xsave=0"
STATE = "/run/xenstored/state"


class Host:
    """The machine, with the questions that the test asks."""

    def __init__(self, machine, plan):
        self.machine = machine
        self.check = machine.check
        self.under_load, self.while_xl_creates = plan
        self.kills = {"daemon": 0, "keeper": 0}

    def rounds(self, name):
        """How many rounds a guest has done so far."""
        _, out = self.machine.run(
            "tail -n 1 /var/log/xen/console/guest-%s.log" % name)
        assert "FAILED" not in out, out
        found = re.search(r"guest: round (\d+)", out)
        return int(found.group(1)) if found else 0

    def wait_rounds(self, name, more=2):
        want = self.rounds(name) + more
        end = time.monotonic() + GUEST_LIMIT_S
        while self.rounds(name) < want:
            assert time.monotonic() < end, self.check(
                "cat /var/log/xen/console/*; xl list; xenstore ls -f; "
                "cat /var/log/xenstored.log")
            time.sleep(1)

    def kill(self, which="daemon"):
        """Kill one of the two; return when another is there."""
        old = self.check("cat %s/%s.pid" % (STATE, which)).strip()
        self.check("kill -9 %s" % old)
        self.kills[which] += 1
        end = time.monotonic() + GUEST_LIMIT_S
        while self.machine.run("test $(cat %s/%s.pid) != %s" % (
                STATE, which, old))[0]:
            assert time.monotonic() < end
            time.sleep(0.5)


@pytest.fixture(scope="module", params=[
    pytest.param(SHORT, id="short"),
    pytest.param(LONG, id="long", marks=pytest.mark.full)])
def host(request):
    with lab.Machine("xenstore-on-xen", "control", memory_mib=1536,
                     appended=[ARCHIVE], nic=None,
                     hypervisor_args=NO_XSAVE) as machine:
        machine.wait_shell()
        machine.check("sh /xenstore-start")
        for i in range(2):
            machine.check("dd if=/dev/zero of=/tmp/disk%d bs=1M count=4 && "
                          "losetup /dev/loop%d /tmp/disk%d" % (i, i, i))
        yield Host(machine, request.param)


def test_dom0_is_connected(host):
    """By its kernel's ring, and by sockets."""
    assert "Domain-0" in host.check("xenstore read /local/domain/0/name")
    status = host.check(STATUS)
    assert re.search(r"^clients: ([3-9])", status, re.M), status
    watches = int(re.search(r"^watches: (\d+)", status, re.M).group(1))
    assert watches >= 3
    # Through Linux's xenbus device, which goes over the ring.
    assert "Domain-0" in host.check(
        "XENSTORED_PATH=/dev/xen/xenbus xenstore read name")
    assert host.check("xl list").count("\n") == 2


def test_guest_with_disk_and_network(host):
    host.check("xl create /guest/cfg 'name=\"g1\"'", GUEST_LIMIT_S)
    host.wait_rounds("g1")
    for path in ("device/vbd/51712/state", "device/vif/0/state"):
        assert host.check("xenstore read /local/domain/1/%s" % path)[:1] \
            == "4"


def test_killed_under_load(host):
    monitors = host.check("pidof xl").split()   # xl create stays
    console = host.check("cat /run/xenconsoled.pid").split()
    watches = host.check(STATUS + " | grep watches")
    assert monitors and console
    for which in host.under_load:
        host.kill(which)
        host.wait_rounds("g1", 1)
    assert "g1" in host.check("xl list")
    assert host.check("pidof xl").split() == monitors
    assert host.check("pidof xenconsoled").split() == console
    assert host.check(STATUS + " | grep watches") == watches
    assert host.check("xenstore control check") == ""


def test_killed_while_xl_creates(host):
    host.check(
        "( xl create /guest/cfg 'name=\"g2\"' 'vif=[]' "
        "'disk=[\"phy:/dev/loop1,xvda,w\"]' 'extra=\"console=hvc0 quiet "
        "rdinit=/init mitigations=off nonet\"' >/tmp/g2.log 2>&1; "
        "echo $? >/tmp/g2.status ) &")
    # So many kills, and then it must come to its end.
    end = time.monotonic() + 2 * GUEST_LIMIT_S
    before = host.kills["daemon"]
    while host.machine.run("test -e /tmp/g2.status")[0]:
        assert time.monotonic() < end
        if host.kills["daemon"] - before < host.while_xl_creates:
            host.kill()
        else:
            time.sleep(1)
    assert host.kills["daemon"] > before
    assert host.check("cat /tmp/g2.status").strip() == "0", \
        host.check("cat /tmp/g2.log")
    host.wait_rounds("g2")
    host.wait_rounds("g1")


def test_end_of_the_guests(host):
    host.check("xl destroy g1 && xl destroy g2", GUEST_LIMIT_S)
    end = time.monotonic() + 60
    while host.check("xenstore list /local/domain").split() != ["0"]:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert host.check("xenstore control check") == ""
    log = host.check("cat /var/log/xenstored.log")
    assert "dom1: released" in log and "dom2: released" in log
    # A keeper that is not the daemon's parent cannot tell of what it died.
    ends = log.count("ended by signal 9") + log.count("the daemon is gone")
    assert ends == host.kills["daemon"]
    assert log.count("the keeper is gone") == host.kills["keeper"]
    for word in ("cut off", "torn", "lost", "error"):
        assert word not in log, log
