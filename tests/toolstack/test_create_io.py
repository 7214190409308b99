# SPDX-License-Identifier: MIT
"""test_create_io.py - guests with disks and networks, made by lodge

Linux's back ends in Dom0 serve them; nobody runs a script. A raw file, a
block device, one only to be read, and a bridge. On ours and on Debian's Xen.
"""
import re

import pytest

import ledger
from test_create import TABLES, changes, create, lodge, state

pytestmark = pytest.mark.full

NAME = "made"
MAC = "00:16:3e:00:00:01"
OTHER_MAC = "00:16:3e:00:00:02"
ADDRESS, DOM0 = "10.1.0.2", "10.1.0.1"
# xvda, xvdb, xvdc: xen-vbd-interface(7)
XVDA, XVDB, XVDC = 51712, 51728, 51744
CONNECTED = 4
DISKS = ["/var/tmp/file.img,raw,xvda,rw", "/dev/loop7,raw,xvdb,rw",
         "/var/tmp/fixed.img,raw,xvdc,r"]


def disk(*specs):
    return "disk=[%s]" % ",".join('"%s"' % spec for spec in specs)


def vif(*specs):
    return "vif=[%s]" % ",".join('"%s"' % spec for spec in specs)


def loops(dom0):
    """The files that loop devices serve, but for the test's own."""
    return [line for line in dom0.check("losetup -a").splitlines()
            if not line.startswith("/dev/loop7:")]


def md5(text):
    sums = re.findall(r"\b[0-9a-f]{32}\b", text)
    assert len(sums) == 1, text
    return sums[0]


def test_no_driver(dom0):
    """Before the modules are loaded."""
    dom0.check("dd if=/dev/zero of=/var/tmp/file.img bs=1M count=16 && "
               "dd if=/dev/urandom of=/var/tmp/fixed.img bs=1M count=4 && "
               "cp /var/tmp/fixed.img /var/tmp/block.img")
    assert lodge(dom0, create(NAME, disk(DISKS[0]), options="-q")) == (
        1, 'lodge: Dom0 has no back end for "vbd" (cannot create "made"); is '
        "the module xen-blkback loaded?")
    dom0.check("modprobe -a xen-blkback xen-netback loop bridge && "
               "losetup /dev/loop7 /var/tmp/block.img")


def test_no_bridge(dom0):
    assert lodge(dom0, create(NAME, vif("bridge=none0"), options="-q")) == (
        1, 'lodge: there is no bridge "none0" in Dom0 (cannot create "made"); '
        '"ip link add NAME type bridge" makes one')
    dom0.check("ip link add xenbr0 type bridge && "
               "ip addr add %s/24 dev xenbr0 && ip link set xenbr0 up" % DOM0)


@pytest.fixture(scope="module")
def before(dom0, hypervisor):
    """What there is without a guest; one has run, for what grows once."""
    dom0.check("lodge " + create("first", disk(*DISKS), vif("mac=" + MAC)))
    dom0.wait_up("first")
    dom0.check("lodge destroy first")
    return state(dom0, hypervisor)


def test_starts(dom0, before):
    """All its front ends find what they look for."""
    dom0.check("lodge " + create(NAME, disk(*DISKS), vif(
        "mac=%s,rate=100Mb/s,vifname=front" % MAC)))
    dom0.wait_up(NAME)
    dom0.load_drivers(NAME)
    dom0.shell(NAME, "ip link set eth0 up && ip addr add %s/24 dev eth0"
               % ADDRESS)
    dom0.until("its network",
               lambda: dom0.run("ping -c 1 -W 2 " + ADDRESS)[0] == 0)
    assert MAC in dom0.shell(NAME, "ip link show dev eth0")
    assert "front:" in dom0.check("ip -o link show master xenbr0")


def test_lists(dom0):
    """xl finds what we have attached."""
    rows = [line.split() for line in
            dom0.check("xl block-list " + NAME).splitlines()[1:]]
    assert {int(row[0]): int(row[3]) for row in rows} == {
        XVDA: CONNECTED, XVDB: CONNECTED, XVDC: CONNECTED}
    rows = [line.split() for line in
            dom0.check("xl network-list " + NAME).splitlines()[1:]]
    assert [(row[0], row[2], int(row[4])) for row in rows] == [
        ("0", MAC, CONNECTED)]


def check_written(dom0, front, back):
    dom0.shell(NAME, "dd if=/dev/urandom of=/dev/%s bs=64k count=32 && sync"
               % front)
    wrote = md5(dom0.shell(NAME, "dd if=/dev/%s bs=64k count=32 "
                           "2>/dev/null | md5sum" % front))
    assert md5(dom0.check("sync; dd if=%s bs=64k count=32 iflag=direct "
                          "2>/dev/null | md5sum" % back)) == wrote


def test_writes(dom0):
    """What the guest has written and synchronised is in Dom0's file."""
    check_written(dom0, "xvda", "/var/tmp/file.img")
    check_written(dom0, "xvdb", "/var/tmp/block.img")


def test_read_only(dom0):
    fixed = md5(dom0.check("md5sum /var/tmp/fixed.img"))
    assert md5(dom0.shell(NAME, "md5sum /dev/xvdc")) == fixed
    dom0.shell(NAME, "! dd if=/dev/zero of=/dev/xvdc bs=4k count=1")
    assert md5(dom0.check("md5sum /var/tmp/fixed.img")) == fixed


def test_network(dom0):
    """Packets of one page and of fragments, both ways."""
    for size in (56, 1472, 8000):
        assert " 0% packet loss" in dom0.check(
            "ping -c 3 -s %d %s" % (size, ADDRESS))
        assert " 0% packet loss" in dom0.shell(
            NAME, "ping -c 3 -s %d %s" % (size, DOM0))


REFUSED = [
    (disk(DISKS[0]), r"/var/tmp/file\.img is in use already, by /dev/loop\d"),
    (disk("/var/tmp/file.img,raw,xvda,r"),
     r"/var/tmp/file\.img is in use already, by /dev/loop\d"),
    (disk(DISKS[1]), r"/dev/loop7 is a disk of domain \d+, and this guest "
                     r"writes to it"),
    (disk("/dev/loop7,raw,xvda,r"),
     r"/dev/loop7 is a disk of domain \d+, and that writes to it"),
    (disk("/var/tmp/fixed.img,raw,xvda,rw"),
     r"/var/tmp/fixed\.img is in use already, by /dev/loop\d"),
    (disk("/var/tmp/new.img,raw,xvda,rw", "/var/tmp/new.img,raw,xvdb,rw"),
     r"/var/tmp/new\.img is being given to another guest, or to this one "
     r"twice"),
    (disk("/dev/vdb,raw,xvda,rw"), r"cannot open /dev/vdb: Device or resource "
                                   r"busy"),
    (vif("vifname=lo"), r"cannot set up the network interface vif\d+\.0: File "
                        r"exists"),
    (vif("script=vif-nat"), r"vif: interfaces with a script cannot be created "
                            r"by this version"),
]


def refuse_all(dom0):
    for setting, words in REFUSED:
        status, said = lodge(dom0, create("other", setting, options="-q"))
        assert status == 1, setting
        assert re.fullmatch(
            "lodge: " + words + r" \(cannot create \"other\"\)(; .*)?",
            said), said


def test_refused(dom0, hypervisor):
    """One sentence each, and nothing is left."""
    dom0.check("cp /var/tmp/fixed.img /var/tmp/new.img")
    refuse_all(dom0)
    there = state(dom0, hypervisor), loops(dom0)
    refuse_all(dom0)
    # The guest that runs has its own grants, more or less.
    assert set(changes(dom0, hypervisor, there[0])) <= {"grants"}
    assert loops(dom0) == there[1]


def test_shared_to_read(dom0):
    """Two guests read one file."""
    dom0.check("lodge " + create("reader", disk(DISKS[2]), vif(
        "mac=" + OTHER_MAC), options="-p -q"))
    assert sum("fixed.img" in line for line in loops(dom0)) == 2
    dom0.check("lodge destroy reader")
    assert sum("fixed.img" in line for line in loops(dom0)) == 1


def test_destroy(dom0, hypervisor, before):
    """In the middle of its work; store, loop devices, interfaces are gone."""
    domid = dom0.domains()[NAME][0]
    dom0.shell(NAME, "(while :; do dd if=/dev/urandom of=/dev/xvda bs=64k "
               "count=128; done) >/dev/null 2>&1 &")
    dom0.until("the load", lambda: int(dom0.check(
        "cat /sys/bus/xen-backend/devices/vbd-%d-%d/statistics/wr_sect"
        % (domid, XVDA))) > 4096)
    assert lodge(dom0, "destroy " + NAME) == (0, "")
    assert list(dom0.domains()) == ["Domain-0"]
    assert loops(dom0) == []
    assert dom0.check("ls /sys/class/net").split() == ["lo", "xenbr0"]
    changed = changes(dom0, hypervisor, before)
    # The hypervisor's tables for Dom0 may have grown, those of its handles of
    # grants, too: that is all.
    assert set(changed) <= {"free", "grants"}, changed
    if "free" in changed:
        old, new = changed["free"]
        assert 0 <= old - new <= TABLES
    assert not ledger.read(dom0, hypervisor).get("others")


def test_by_xl(dom0):
    """What lodge made xl ends."""
    dom0.check("lodge " + create(NAME, disk(*DISKS), vif("mac=" + MAC),
                                 options="-q"))
    dom0.wait_up(NAME)
    dom0.destroy(NAME)
    dom0.until("the end of its disks", lambda: loops(dom0) == [])
    dom0.until("the end of its interface", lambda: dom0.check(
        "ls /sys/class/net").split() == ["lo", "xenbr0"])


def test_of_xl(dom0):
    """Scripts have set up what xl makes: it is left to it, and goes on."""
    dom0.create(NAME, "vif=[\"mac=%s,bridge=xenbr0\"]" % MAC)
    dom0.wait_up(NAME)
    assert lodge(dom0, "destroy " + NAME) == (
        1, "lodge: vif 0 was attached by the script /etc/xen/scripts/"
        "vif-bridge, which this version does not run (cannot destroy domain "
        "%d); end it with the tool that attached it"
        % dom0.domains()[NAME][0])
    assert "p" not in dom0.domains()[NAME][3]
    dom0.destroy(NAME)


def test_after_shutdown(dom0):
    """Its front ends have closed; the end is as complete."""
    dom0.check("lodge " + create("closed", disk(*DISKS), vif("mac=" + MAC),
                                 options="-q"))
    dom0.wait_up("closed")
    dom0.load_drivers("closed")
    dom0.check("lodge shutdown -w closed")
    assert lodge(dom0, "destroy closed") == (0, "")
    assert loops(dom0) == []
    assert dom0.check("ls /sys/class/net").split() == ["lo", "xenbr0"]


def test_back_end_gives_up(dom0):
    """The name that netback wants is taken: it is told why, and soon."""
    dom0.check("lodge " + create("first", options="-p -q"))
    following = dom0.domains()["first"][0] + 2
    dom0.check("lodge " + create("second", vif(
        "mac=%s,vifname=vif%d.0" % (MAC, following)), options="-p -q"))
    status, said = lodge(dom0, create("third", vif("mac=" + OTHER_MAC),
                                      options="-p -q"))
    assert status == 1
    assert re.match(r"lodge: the back end of vif 0 in Dom0 is in state "
                    r"\w+: error ", said), said
    dom0.check("lodge destroy first second")
    assert list(dom0.domains()) == ["Domain-0"]


def test_closed_first(dom0):
    """What was made is taken back: not while our own descriptor keeps it."""
    late = create("late", disk(DISKS[0]), vif("vifname=lo"), options="-q")
    said = dom0.run("strace -o /tmp/trace -e trace=openat,close,access lodge "
                    "%s 2>&1" % late)[1]
    assert "cannot set up the network interface" in said, said
    trace = dom0.check("grep -E '/dev/loop[0-9]|^close|backing_file' "
                       "/tmp/trace | tr -s ' '").splitlines()
    opened = max(i for i, line in enumerate(trace)
                 if re.match(r'openat\(.*"/dev/loop\d+", O_RDWR', line))
    closed = trace.index("close(%s) = 0" % trace[opened].split()[-1], opened)
    asked = [i for i, line in enumerate(trace) if "backing_file" in line]
    assert any(i > closed for i in asked)
    assert not any(opened < i < closed for i in asked)
    assert loops(dom0) == []


def test_front_end_is_hostile(dom0):
    """It takes its own nodes away; its end takes no longer for that."""
    dom0.check("lodge " + create("hostile", disk(*DISKS), options="-q"))
    domid = dom0.domains()["hostile"][0]
    dom0.wait_up("hostile")
    dom0.check("xenstore-rm /local/domain/%d/device/vbd/%d" % (domid, XVDA))
    dom0.until("the end of its back end", lambda: dom0.run(
        "test -e /sys/devices/vbd-%d-%d" % (domid, XVDA))[0] != 0)
    assert lodge(dom0, "destroy hostile") == (0, "")
    assert loops(dom0) == []


def test_end(dom0):
    dom0.power_off()
