# SPDX-License-Identifier: MIT
"""test_hotplug.py - disks and networks of a guest that runs come and go

Attached by lodge, listed by lodge and xl in the same words, used by the guest,
and detached: asked, by force, and in use. On ours and on Debian's Xen.
"""
import re

import pytest

from test_create import create, lodge, store
from test_create_io import ADDRESS, DOM0, MAC, OTHER_MAC, loops, md5

pytestmark = pytest.mark.full

NAME = "plugged"
XVDB, XVDC = 51728, 51744
# The first entry of a partition table: of Linux, 4096 sectors from the 2048th.
PARTITION = r"\0\0\0\0\203\0\0\0\0\010\0\0\0\020\0\0"


@pytest.fixture(scope="module")
def before(dom0):
    """The store of a guest whose drivers have seen devices come and go."""
    dom0.check("modprobe -a xen-blkback xen-netback loop bridge && "
               "ip link add xenbr0 type bridge && "
               "ip addr add %s/24 dev xenbr0 && ip link set xenbr0 up" % DOM0)
    for name in ("one", "two"):
        dom0.check("dd if=/dev/zero of=/var/tmp/%s.img bs=1M count=16" % name)
    dom0.check("lodge " + create(NAME, options="-q"))
    dom0.wait_up(NAME)
    dom0.load_drivers(NAME)
    dom0.check("lodge block-attach %s /var/tmp/one.img,raw,xvdb,rw" % NAME)
    appear(dom0, "xvdb")
    dom0.check("lodge block-detach %s xvdb" % NAME)
    dom0.check("lodge network-attach %s mac=%s" % (NAME, MAC))
    dom0.check("lodge network-detach %s 0" % NAME)
    return store(dom0)


def appear(dom0, disk):
    dom0.shell(NAME, "until [ -b /dev/%s ]; do sleep 0.1; done" % disk)


def same_lists(dom0):
    """xl's words, of both kinds."""
    for command in ("block-list", "network-list"):
        ours = dom0.check("lodge %s %s" % (command, NAME))
        assert ours == dom0.check("xl %s %s" % (command, NAME))
        yield ours.splitlines()[1:]


def test_nothing(dom0, before):
    assert list(same_lists(dom0)) == [[], []]


def test_disk(dom0):
    """The guest writes; what it has synchronised is in the file."""
    assert lodge(dom0, "block-attach %s /var/tmp/one.img raw xvdb rw" % NAME) \
        == (0, "")
    appear(dom0, "xvdb")
    disks, _ = same_lists(dom0)
    assert [int(row.split()[0]) for row in disks] == [XVDB]
    dom0.shell(NAME, "dd if=/dev/urandom of=/dev/xvdb bs=64k count=32 && sync")
    wrote = md5(dom0.shell(NAME, "dd if=/dev/xvdb bs=64k count=32 "
                           "2>/dev/null | md5sum"))
    assert md5(dom0.check("sync; dd if=/var/tmp/one.img bs=64k count=32 "
                          "iflag=direct 2>/dev/null | md5sum")) == wrote


def test_network(dom0):
    assert lodge(dom0, "network-attach %s mac=%s,bridge=xenbr0"
                 % (NAME, OTHER_MAC)) == (0, "")
    dom0.shell(NAME, "until ip link set eth0 up; do sleep 0.1; done "
               "2>/dev/null; ip addr add %s/24 dev eth0" % ADDRESS)
    dom0.until("its network",
               lambda: dom0.run("ping -c 1 -W 2 " + ADDRESS)[0] == 0)
    _, vifs = same_lists(dom0)
    assert [row.split()[2] for row in vifs] == [OTHER_MAC]


REFUSED = [
    ("block-attach nosuch /dev/loop7,raw,xvdc,rw",
     r'lodge: no domain is called "nosuch"'),
    ("block-attach plugged /var/tmp/two.img,raw,xvdb,rw",
     r"lodge: it has a vbd 51728 already \(cannot attach xvdb to domain \d+\)"),
    ("block-attach plugged /var/tmp/one.img,raw,xvdc,r",
     r"lodge: /var/tmp/one\.img is in use already, by /dev/loop\d \(.*\)"),
    ("block-attach plugged /var/tmp/none,raw,xvdc,rw",
     r"lodge: cannot open /var/tmp/none: No such file or directory \(.*\)"),
    ("block-attach plugged /var/tmp/two.img,raw",
     r"command line: error: disk has no vdev, .*"),
    ("block-attach 0 /var/tmp/two.img,raw,xvdc,rw",
     r"lodge: it is Dom0, the host's own \(cannot attach xvdc to domain 0\)"),
    ("network-attach plugged devid=0",
     r"lodge: it has a vif 0 already \(cannot attach a vif to domain \d+\)"),
    ("network-attach plugged bridge=none0",
     r'lodge: there is no bridge "none0" in Dom0 \(.*\); .*'),
    ("network-attach plugged vifname=lo",
     r"lodge: cannot set up the network interface vif\d+\.1: File exists .*"),
    ("network-attach plugged mac=1", r"command line: error: vif has the mac .*"),
    ("block-detach plugged xvdz", r'lodge: domain \d+ has no disk "xvdz"'),
    ("network-detach plugged 9",
     r'lodge: domain \d+ has no network interface "9"'),
    ("block-list nosuch", r"Vdev .*\nlodge: no domain is called \"nosuch\""),
]


def test_refused(dom0):
    """One sentence each, and nothing changes."""
    there = store(dom0), loops(dom0)
    for command, words in REFUSED:
        status, said = lodge(dom0, command)
        assert status == 1, command
        assert re.fullmatch(words, said.replace("\r", ""), re.DOTALL), said
    assert (store(dom0), loops(dom0)) == there


def test_partition(dom0):
    """A disk and its partition are one."""
    dom0.check("dd if=/dev/zero of=/var/tmp/whole.img bs=1M count=8 && "
               "printf '%s' | dd of=/var/tmp/whole.img bs=1 seek=446 "
               "conv=notrunc && printf '\\125\\252' | "
               "dd of=/var/tmp/whole.img bs=1 seek=510 conv=notrunc && "
               "losetup -P /dev/loop7 /var/tmp/whole.img && "
               "until [ -b /dev/loop7p1 ]; do sleep 0.1; done" % PARTITION)
    dom0.check("lodge block-attach %s /dev/loop7p1,raw,xvdc,rw" % NAME)
    appear(dom0, "xvdc")
    status, said = lodge(dom0, "block-attach %s /dev/loop7,raw,xvdd,r" % NAME)
    assert status == 1
    assert said.startswith("lodge: /dev/loop7 is a disk of domain "), said
    dom0.check("lodge block-detach %s xvdc" % NAME)
    dom0.check("losetup -d /dev/loop7")


def attach_and_pause(dom0):
    dom0.check("lodge block-attach %s /var/tmp/two.img,raw,xvdc,rw" % NAME)
    appear(dom0, "xvdc")
    dom0.check("lodge pause " + NAME)


def test_deaf(dom0):
    """A guest that does not let go is told of; it may do so later."""
    attach_and_pause(dom0)
    domid = dom0.domains()[NAME][0]
    assert lodge(dom0, "block-detach %s xvdc" % NAME) == (
        1, "lodge: the guest does not let go of vbd %d (cannot detach a "
        "device of domain %d); is it paused? --force takes the device away"
        % (XVDC, domid))
    dom0.check("lodge unpause " + NAME)
    assert lodge(dom0, "block-detach %s xvdc" % NAME) == (0, "")
    attach_and_pause(dom0)
    assert lodge(dom0, "block-detach --force %s xvdc" % NAME) == (0, "")
    dom0.check("lodge unpause " + NAME)
    dom0.shell(NAME, "true")
    assert not any("two.img" in line for line in loops(dom0))


def test_detach(dom0, before):
    """By name and by address; nothing stays."""
    assert lodge(dom0, "block-detach %s xvdb" % NAME) == (0, "")
    assert lodge(dom0, "network-detach %s %s" % (NAME, OTHER_MAC)) == (0, "")
    assert list(same_lists(dom0)) == [[], []]
    assert loops(dom0) == []
    assert dom0.check("ls /sys/class/net").split() == ["lo", "xenbr0"]
    dom0.shell(NAME, "! [ -b /dev/xvdb ] && ! ip link show dev eth0")
    assert store(dom0) == before


def test_by_xl(dom0):
    """What lodge attached xl detaches."""
    dom0.check("lodge block-attach %s /var/tmp/one.img,raw,xvdb,rw" % NAME)
    dom0.check("lodge network-attach %s" % NAME)
    appear(dom0, "xvdb")
    dom0.check("xl block-detach %s xvdb" % NAME)
    dom0.check("xl network-detach %s 0" % NAME)
    dom0.until("the end of its disk", lambda: loops(dom0) == [])
    assert list(same_lists(dom0)) == [[], []]


def test_of_xl(dom0):
    """A guest of xl's: what a script has set up is shown, and left to xl."""
    dom0.create("theirs", options="-p")
    dom0.check("xl block-attach theirs /var/tmp/one.img,raw,xvdb,rw")
    dom0.check("lodge block-attach theirs /var/tmp/two.img,raw,xvdc,rw")
    assert dom0.check("lodge block-list theirs") == \
        dom0.check("xl block-list theirs")
    status, said = lodge(dom0, "block-detach theirs xvdb")
    assert status == 1
    assert "was attached by the script /etc/xen/scripts/block" in said
    dom0.check("lodge block-detach theirs xvdc")
    dom0.destroy("theirs")
    dom0.until("the end of its disk", lambda: loops(dom0) == [])


def test_early(dom0):
    """Before the guest has started nobody is asked."""
    dom0.check("lodge " + create("early", options="-p -q"))
    dom0.check("lodge block-attach early /var/tmp/two.img,raw,xvdb,rw")
    dom0.check("lodge block-detach early xvdb")
    assert loops(dom0) == []
    dom0.check("lodge destroy early")


def test_end(dom0):
    dom0.check("lodge block-attach %s /var/tmp/one.img,raw,xvdb,rw" % NAME)
    dom0.check("lodge destroy " + NAME)
    assert loops(dom0) == []
    dom0.power_off()
