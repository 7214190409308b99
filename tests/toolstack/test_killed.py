# SPDX-License-Identifier: MIT
"""test_killed.py - lodge is killed while it makes or ends a guest

At points that cover the whole of its work; whoever comes next ends what it
left: nothing leaks. On ours and on Debian's Xen.
"""
import re

import pytest

from test_create import changes, create, lodge, state
from test_create_io import MAC, disk, loops, vif

pytestmark = pytest.mark.full

POINTS = 100
NAME = "killed"
DISK = disk("/var/tmp/file.img,raw,xvda,rw")
MAKE = "lodge " + create(NAME, DISK, vif("mac=" + MAC), options="-p -q")
# Kills a command after a while, and waits until it is gone.
KILL = "{ %s >/dev/null 2>&1 & } ; sleep %.3f; kill -9 $! ; wait $!; true"


@pytest.fixture(scope="module")
def before(dom0, hypervisor):
    dom0.check("dd if=/dev/zero of=/var/tmp/file.img bs=1M count=16 && "
               "modprobe -a xen-blkback xen-netback loop bridge && "
               "ip link add xenbr0 type bridge && ip link set xenbr0 up")
    for _ in range(2):
        dom0.check(MAKE)
        dom0.check("lodge destroy " + NAME)
    return state(dom0, hypervisor)


def nothing_left(dom0, hypervisor, before):
    assert list(dom0.domains()) == ["Domain-0"]
    assert loops(dom0) == []
    dom0.until("the end of its interface", lambda: dom0.check(
        "ls /sys/class/net").split() == ["lo", "xenbr0"])
    changed = changes(dom0, hypervisor, before)
    # The hypervisor's tables for Dom0, and of its handles, may have grown.
    assert set(changed) <= {"free", "grants"}, changed


def seconds(dom0, command):
    said = dom0.check("bash -c 'TIMEFORMAT=%%R; time (%s)' 2>&1"
                      % command.replace("'", "'\\''"))
    return float(re.findall(r"^(\d+\.\d+)$", said.replace("\r", ""), re.M)[-1])


def test_create(dom0, hypervisor, before):
    """lodge list goes on, and lodge destroy ends it by name."""
    whole = seconds(dom0, MAKE)
    dom0.check("lodge destroy " + NAME)
    for point in range(POINTS):
        dom0.check(KILL % (MAKE, whole * (point + 1) / (POINTS + 1)), 120)
        dom0.check("lodge list")
        status, said = lodge(dom0, "destroy " + NAME)
        assert status == 0 or said == \
            'lodge: no domain is called "%s"' % NAME, said
        assert list(dom0.domains()) == ["Domain-0"]
    nothing_left(dom0, hypervisor, before)


def test_create_again(dom0, hypervisor, before):
    """The next one of that name comes to be."""
    whole = seconds(dom0, MAKE)
    dom0.check("lodge destroy " + NAME)
    for part in (0.3, 0.5, 0.7, 0.9):
        dom0.check(KILL % (MAKE, whole * part), 120)
        status, said = lodge(dom0, MAKE[len("lodge "):])
        assert status == 0 or "is already called" in said, said
        dom0.check("lodge destroy " + NAME)
    nothing_left(dom0, hypervisor, before)


def test_told(dom0):
    """One that is half made is told of, by name, and not among the rows."""
    whole = seconds(dom0, MAKE)
    dom0.check("lodge destroy " + NAME)
    for part in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2):
        dom0.check(KILL % (MAKE, whole * part), 120)
        told = dom0.check("lodge list 2>&1 >/dev/null").strip()
        if told:
            break
        dom0.run("lodge destroy " + NAME)
    assert re.fullmatch(
        r'lodge: domain (\d+), "killed", is half made or half ended, by a '
        r'process that is gone; "lodge destroy \1" ends it', told), told
    dom0.check("lodge destroy " + told.split()[2].rstrip(","))
    assert dom0.check("lodge list 2>&1 >/dev/null") == ""


def test_destroy(dom0, hypervisor, before):
    """What is half ended is ended, or its name is free."""
    dom0.check(MAKE)
    whole = seconds(dom0, "lodge destroy " + NAME)
    for point in range(POINTS):
        dom0.check(MAKE)
        dom0.check(KILL % ("lodge destroy " + NAME,
                           whole * (point + 1) / (POINTS + 1)), 120)
        status, said = lodge(dom0, "destroy " + NAME)
        assert status == 0 or said == \
            'lodge: no domain is called "%s"' % NAME, said
        assert list(dom0.domains()) == ["Domain-0"]
    nothing_left(dom0, hypervisor, before)


def test_two_at_once(dom0, hypervisor, before):
    """Of two of one name one comes to be, and the other one is told why."""
    said = dom0.check("for i in 1 2; do %s >/tmp/said$i 2>&1 & done; wait; "
                      "cat /tmp/said1 /tmp/said2" % MAKE, 120)
    assert re.search(r"is already called|is creating or destroying|is being "
                     r"given to another guest", said), said
    dom0.check("lodge destroy " + NAME)
    nothing_left(dom0, hypervisor, before)


def test_end(dom0):
    dom0.power_off()
