# SPDX-License-Identifier: MIT
"""Disks and networks of stock guests: Linux's own back ends in Dom0.

Disks are raw files behind loop devices and blkback, networks go through
netback and a bridge. What is written is compared by checksum, on both sides.
LODGE_STREAM_MIB makes the long transfers shorter.
"""
import os
import re

import pytest

import dom0 as dom0_module
import ledger

pytestmark = pytest.mark.full

DOM0_OPTIONS = dom0_module.OWN_TIME
ADDRESS = {"Domain-0": "10.1.0.1", "a": "10.1.0.2", "b": "10.1.0.3"}
CHUNKS_PER_MIB = 16
SHORT_MIB = 2
LONG_MIB = int(os.environ.get("LODGE_STREAM_MIB", "1024"))
# Only met by a guest that stands still.
LIMIT_S = 3600
PORT = 5000
# A file system of 48 MiB holds it easily.
FILE_MIB = 8
# Sectors to the disk, bytes to and from the network: a guest under load.
LOAD = (2048, 1 << 20, 1 << 20)


def vif(number):
    return "mac=00:16:3e:00:00:%02x,bridge=xenbr0" % number


def md5(text):
    """The one MD5 sum in @text."""
    sums = re.findall(r"\b[0-9a-f]{32}\b", text)
    assert len(sums) == 1, text
    return sums[0]


def checksum(text):
    """What stream printed, which is all that was printed."""
    assert re.fullmatch(r"[0-9a-f]{16}", text.strip()), text
    return text.strip()


def make_file(dom0, name, mib, source="/dev/zero"):
    dom0.check("dd if=%s of=/var/tmp/%s bs=1M count=%d 2>/dev/null"
               % (source, name, mib))


@pytest.fixture(scope="module")
def free(dom0):
    """MiB that were free before there was a guest."""
    return dom0.free_mib()


def start(dom0, name, disks):
    """A guest with @disks and a network; returns when both work."""
    number = list(ADDRESS).index(name)
    dom0.create(name, extra="disk=[%s];vif=[\"%s\"]" % (
        ",".join('"/var/tmp/%s"' % disk for disk in disks), vif(number)))
    dom0.wait_up(name)
    dom0.load_drivers(name)
    dom0.shell(name, "ip link set eth0 up && ip addr add %s/24 dev eth0"
               % ADDRESS[name])
    dom0.until("the network of " + name,
               lambda: dom0.run("ping -c 1 -W 2 " + ADDRESS[name])[0] == 0)


def block_list(dom0, name):
    """What xl block-list says: {number: state}."""
    lines = dom0.check("xl block-list " + name).splitlines()
    assert lines[0].split() == ["Vdev", "BE", "handle", "state", "evt-ch",
                                "ring-ref", "BE-path"]
    return {int(line.split()[0]): int(line.split()[3]) for line in lines[1:]}


def network_list(dom0, name):
    """What xl network-list says: {number: (address, state)}."""
    lines = dom0.check("xl network-list " + name).splitlines()
    assert lines[0].split() == ["Idx", "BE", "Mac", "Addr.", "handle",
                                "state", "evt-ch", "tx-/rx-ring-ref",
                                "BE-path"]
    fields = [line.split() for line in lines[1:]]
    return {int(row[0]): (row[2], int(row[4])) for row in fields}


def background(dom0, name, command, output):
    """Start @command in a guest or Dom0; its output goes to a file."""
    line = "rm -f %s; (%s) >%s.new && mv %s.new %s &" % (
        output, command, output, output, output)
    if name == "Domain-0":
        dom0.check(line)
    else:
        dom0.shell(name, line)


def say(dom0, name, command):
    if name == "Domain-0":
        return dom0.check(command, LIMIT_S)
    return dom0.shell(name, command, LIMIT_S)


def listen(dom0, name, port):
    """Start a receiver; returns when senders find it."""
    background(dom0, name, "stream receive %d" % port, "/tmp/received")
    ports = "ss -ltn" if name == "Domain-0" else "netstat -ltn 2>/dev/null"
    say(dom0, name, "until %s | grep -q :%d; do sleep 0.1; done"
        % (ports, port))


def stream(dom0, sender, receiver, mib):
    """Send bytes; their sums must be equal."""
    listen(dom0, receiver, PORT)
    sent = checksum(say(dom0, sender, "stream send %s %d %d" % (
        ADDRESS[receiver], PORT, mib * CHUNKS_PER_MIB)))
    got = checksum(say(dom0, receiver, "until [ -e /tmp/received ]; do "
                       "sleep 0.1; done; cat /tmp/received"))
    assert sent == got


def test_start(dom0, free):
    """A guest with two disks, one only to be read, and a network."""
    dom0.check("modprobe -a xen-blkback xen-netback loop bridge && "
               "brctl addbr xenbr0 && "
               "ip addr add 10.1.0.1/24 dev xenbr0 && ip link set xenbr0 up")
    make_file(dom0, "a.img", 48)
    make_file(dom0, "fixed.img", 8, "/dev/urandom")
    start(dom0, "a", ("a.img,raw,xvda,rw", "fixed.img,raw,xvdb,r"))
    assert block_list(dom0, "a") == {51712: 4, 51728: 4}
    assert network_list(dom0, "a") == {0: ("00:16:3e:00:00:01", 4)}


def test_disk(dom0):
    """Written, read back after the caches were emptied."""
    dom0.shell("a", "mke2fs /dev/xvda && mount -t ext4 /dev/xvda /mnt")
    wrote = md5(dom0.shell(
        "a", "dd if=/dev/urandom bs=64k count=%d 2>/dev/null | tee /mnt/file "
        "| md5sum" % (FILE_MIB * CHUNKS_PER_MIB)))
    dom0.shell("a", "umount /mnt && echo 3 >/proc/sys/vm/drop_caches && "
               "mount -t ext4 /dev/xvda /mnt")
    assert md5(dom0.shell("a", "md5sum /mnt/file")) == wrote
    dom0.shell("a", "umount /mnt")


def test_read_only(dom0):
    """What Dom0 wrote is read; writing it is refused."""
    fixed = md5(dom0.check("md5sum /var/tmp/fixed.img"))
    assert md5(dom0.shell("a", "md5sum /dev/xvdb")) == fixed
    assert "1\n" in dom0.shell("a", "blockdev --getro /dev/xvdb")
    dom0.shell("a", "! dd if=/dev/zero of=/dev/xvdb bs=4k count=1")
    assert md5(dom0.check("md5sum /var/tmp/fixed.img")) == fixed


def test_ping(dom0):
    """Both ways, packets of one page and of fragments."""
    for size in (56, 1472, 8000):
        assert " 0% packet loss" in dom0.check(
            "ping -c 3 -s %d %s" % (size, ADDRESS["a"]))
        assert " 0% packet loss" in dom0.shell(
            "a", "ping -c 3 -s %d %s" % (size, ADDRESS["Domain-0"]))


def test_stream(dom0):
    """TCP both ways."""
    stream(dom0, "a", "Domain-0", SHORT_MIB)
    stream(dom0, "Domain-0", "a", SHORT_MIB)


def test_two_guests(dom0):
    """TCP between guests."""
    make_file(dom0, "b.img", 8)
    start(dom0, "b", ("b.img,raw,xvda,rw",))
    stream(dom0, "a", "b", SHORT_MIB)
    stream(dom0, "b", "a", SHORT_MIB)


def test_block_attach(dom0):
    """A disk comes and goes; another guest finds what one wrote."""
    make_file(dom0, "moved.img", 8)
    dom0.check("xl block-attach a /var/tmp/moved.img,raw,xvdc,rw")
    dom0.shell("a", "until [ -b /dev/xvdc ]; do sleep 0.1; done")
    assert block_list(dom0, "a") == {51712: 4, 51728: 4, 51744: 4}
    wrote = md5(dom0.shell(
        "a", "dd if=/dev/urandom bs=64k count=128 2>/dev/null | "
        "tee /dev/xvdc | md5sum; sync"))
    dom0.check("xl block-detach a xvdc")
    dom0.shell("a", "until [ ! -e /dev/xvdc ]; do sleep 0.1; done")
    assert block_list(dom0, "a") == {51712: 4, 51728: 4}
    assert "moved.img" not in dom0.check("losetup -a")
    assert md5(dom0.check("md5sum /var/tmp/moved.img")) == wrote
    dom0.check("xl block-attach b /var/tmp/moved.img,raw,xvdc,r")
    dom0.shell("b", "until [ -b /dev/xvdc ]; do sleep 0.1; done")
    assert md5(dom0.shell("b", "md5sum /dev/xvdc")) == wrote
    dom0.check("xl block-detach b xvdc")
    assert dom0.run("xl block-detach b xvdc")[0] != 0


def test_network_attach(dom0):
    """A second network comes and goes."""
    dom0.check("brctl addbr xenbr1 && ip addr add 10.2.0.1/24 dev xenbr1 && "
               "ip link set xenbr1 up")
    dom0.check("xl network-attach a mac=00:16:3e:00:01:01 bridge=xenbr1")
    dom0.shell("a", "until [ -e /sys/class/net/eth1 ]; do sleep 0.1; done")
    dom0.shell("a", "ip link set eth1 up && ip addr add 10.2.0.2/24 "
                  "dev eth1")
    dom0.until("the second network",
               lambda: dom0.run("ping -c 1 -W 2 10.2.0.2")[0] == 0)
    assert network_list(dom0, "a") == {0: ("00:16:3e:00:00:01", 4),
                                       1: ("00:16:3e:00:01:01", 4)}
    dom0.check("xl network-detach a 1")
    dom0.shell("a", "until [ ! -e /sys/class/net/eth1 ]; do sleep 0.1; "
                  "done")
    assert list(network_list(dom0, "a")) == [0]
    domid = dom0.domains()["a"][0]
    dom0.until("the end of its back end", lambda: "vif%d.1" % domid
               not in dom0.check("ls /sys/class/net"))
    dom0.check("ping -c 1 -W 2 " + ADDRESS["a"])


def test_long_stream(dom0):
    """As much as it takes for every counter and ring to wrap."""
    stream(dom0, "a", "Domain-0", LONG_MIB)
    stream(dom0, "Domain-0", "a", LONG_MIB)
    stream(dom0, "a", "b", LONG_MIB)


def test_dom0_finds_it(dom0):
    """What a guest wrote is in Dom0's file when the guest is gone."""
    dom0.shell("a", "mount -t ext4 /dev/xvda /mnt")
    wrote = md5(dom0.shell("a", "md5sum /mnt/file"))
    dom0.shell("a", "umount /mnt")
    for name in ("a", "b"):
        dom0.check("xl shutdown -w " + name)
        dom0.wait_gone(name)
    dom0.check("mount -o loop,ro /var/tmp/a.img /mnt")
    assert md5(dom0.check("md5sum /mnt/file")) == wrote
    dom0.check("umount /mnt")


def moved(dom0, domid):
    """Disk sectors written, bytes sent and received by a guest so far."""
    text = dom0.check(
        "cat /sys/bus/xen-backend/devices/vbd-%d-51712/statistics/wr_sect "
        "/sys/class/net/vif%d.0/statistics/[rt]x_bytes" % (domid, domid))
    return [int(line) for line in text.split()]


def test_destroy_under_load(dom0, hypervisor, free):
    """Nothing stays of a guest that is killed in the middle of it all."""
    start(dom0, "a", ("a.img,raw,xvda,rw",))
    domid = dom0.domains()["a"][0]
    dom0.shell("a", "(while :; do dd if=/dev/urandom of=/dev/xvda bs=64k "
               "count=128; done) >/dev/null 2>&1 &")
    listen(dom0, "Domain-0", PORT)
    listen(dom0, "a", PORT + 1)
    background(dom0, "a", "stream send %s %d 1000000" % (
        ADDRESS["Domain-0"], PORT), "/tmp/sent")
    background(dom0, "Domain-0", "stream send %s %d 1000000" % (
        ADDRESS["a"], PORT + 1), "/tmp/sent")
    dom0.until("the load", lambda: all(
        now > wanted for now, wanted in zip(moved(dom0, domid), LOAD)))
    dom0.destroy("a")
    dom0.run("pkill -x stream")
    dom0.until("the end of its network", lambda: "vif%d.0" % domid
               not in dom0.check("ls /sys/class/net"))
    dom0.until("the end of its disks",
               lambda: not dom0.check("losetup -a"))
    assert list(dom0.domains()) == ["Domain-0"]
    # The hypervisor's tables for Dom0 may have grown.
    assert free - dom0.free_mib() <= 1
    books = ledger.read(dom0, hypervisor)
    assert not books.get("others"), books
    dom0.create("p", options="-p")
    dom0.destroy("p")
    assert ledger.read(dom0, hypervisor) == books


def test_end(dom0):
    dom0.power_off()
