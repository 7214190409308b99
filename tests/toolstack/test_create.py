# SPDX-License-Identifier: MIT
"""test_create.py - lodge makes guests, and ends them

With our tool alone, on ours and on Debian's Xen; Debian's xenstored and
xenconsoled serve the guests, and xl looks at them.
"""
import re

import pytest

import ledger

pytestmark = pytest.mark.full

NAME = "made"
TURNS = 10
# Frames, or MiB.
TABLES = 8


def lodge(dom0, command):
    """Status, and what it said."""
    status, said = dom0.run("lodge %s 2>&1" % command)
    return status, said.strip()


def create(name, *settings, options=""):
    return "create %s guest.cfg %s" % (options, " ".join(
        "'%s'" % setting for setting in ('name="%s"' % name,) + settings))


def store(dom0):
    """All nodes but for what daemons write when they like."""
    return [line for line in dom0.check("xenstore-ls -f").splitlines()
            if not re.match(r"/local/domain/0/backend = |/local/pool", line)]


def state(dom0, hypervisor):
    """All that a guest which has gone must not have changed."""
    return {"store": store(dom0), **ledger.read(dom0, hypervisor)}


def changes(dom0, hypervisor, before):
    now = state(dom0, hypervisor)
    return {name: (before[name], now[name])
            for name in before if before[name] != now[name]}


@pytest.fixture(scope="module")
def before(dom0, hypervisor):
    """What there is without a guest; one has run, for what grows once."""
    dom0.check("lodge " + create("first"))
    dom0.wait_up("first")
    dom0.check("lodge destroy first")
    return state(dom0, hypervisor)


def test_paused(dom0, before):
    """It is there, with its memory, and has not run: its first vCPU waits."""
    free = dom0.free_mib()
    assert lodge(dom0, create(NAME, "vcpus=2", options="-p -q")) == (0, "")
    _, mib, vcpus, states = dom0.domains()[NAME]
    assert (mib, vcpus, states) == (128, 1, {"p"})
    assert free - dom0.free_mib() >= 128


def test_starts(dom0):
    dom0.check("lodge unpause " + NAME)
    assert dom0.wait_up(NAME) == 2
    assert "2\n" in dom0.shell(NAME, "nproc")
    assert "rdinit=/init" in dom0.shell(NAME, "cat /proc/cmdline")


def test_console(dom0):
    """By xl, through its console's nodes."""
    assert "hello 42" in dom0.in_guest(NAME, "echo hello $((6*7))")


REFUSED = [
    (["memory=9000", "maxmem=9000"],
     r"the guest needs 9000 MiB, \d+ MiB more than are free"),
    (["memory=80"], r"the guest's start takes \d+ MiB: give it more memory "
                    r"than 80 MiB"),
    (['channel=["connection=pty,name=org.example"]'],
     r'guests with "channel" cannot be created by this version'),
    (['cpus="0-2"'], r"cpus names CPU 2, which this host has not"),
    (['cpus_soft="nodes:1"'], r"cpus_soft names node 1, which this host has "
                              r"not"),
    (['cpus="all,^0,^1"'], r"cpus leaves a vCPU no CPU"),
    (['pool="other"'], r'there is no CPU pool "other"'),
]


def refuse_all(dom0):
    for settings, words in REFUSED:
        status, said = lodge(dom0, create("other", *settings, options="-q"))
        assert status == 1
        assert re.fullmatch(
            "lodge: " + words + r" \(cannot create \"other\"\)(; .*)?",
            said), said


def test_refused(dom0, hypervisor):
    """One sentence each, and nothing is left, once what grows has grown."""
    refuse_all(dom0)
    there = state(dom0, hypervisor)
    refuse_all(dom0)
    assert changes(dom0, hypervisor, there) == {}


def affinities(dom0, name):
    """What xl vcpu-list says: {vCPU: (hard, soft)}."""
    rows = [line.split() for line in
            dom0.check("xl vcpu-list " + name).splitlines()[1:]]
    return {int(row[2]): (row[6], row[8]) for row in rows}


def test_affinity(dom0):
    """One list for all vCPUs, and one for each."""
    dom0.check("lodge " + create("bound", "vcpus=2", 'cpus=["1","all,^1"]',
                                 'cpus_soft="0"', 'pool="Pool-0"',
                                 options="-p -q"))
    assert affinities(dom0, "bound") == {0: ("1", "0"), 1: ("0", "0")}
    dom0.check("lodge destroy bound")


def test_same_name(dom0):
    assert lodge(dom0, create(NAME, options="-q")) == (
        1, "lodge: domain %d is already called \"made\" (cannot create "
        "\"made\")" % dom0.domains()[NAME][0])


def test_same_uuid(dom0):
    """What the store says of a UUID stays its first owner's."""
    uuid = 'uuid="01234567-89ab-cdef-0123-456789abcdef"'
    dom0.check("lodge " + create("one", uuid, options="-p -q"))
    assert lodge(dom0, create("two", uuid, options="-p -q")) == (
        1, 'lodge: the domain "one" has the UUID 01234567-89ab-cdef-0123-'
        '456789abcdef already (cannot create "two")')
    assert dom0.check("xenstore-read /vm/01234567-89ab-cdef-0123-"
                      "456789abcdef/name").strip() == "one"
    dom0.check("lodge destroy one")


def test_no_kernel(dom0):
    """What a guest cannot start is said before anything is made."""
    status, said = lodge(dom0, create(
        "other", 'kernel="/run/lodge/busybox"', options="-q"))
    assert status == 1
    assert said.startswith("command line:2: error: kernel")
    assert list(dom0.domains()) == ["Domain-0", NAME]


def test_destroy(dom0, hypervisor, before):
    """The store is as it was, and nothing of the hypervisor's is held."""
    assert lodge(dom0, "destroy " + NAME) == (0, "")
    assert list(dom0.domains()) == ["Domain-0"]
    changed = changes(dom0, hypervisor, before)
    # The hypervisor's tables for Dom0 may have grown: that is all.
    assert set(changed) <= {"free"}
    assert all(0 <= old - new <= TABLES for old, new in changed.values())


def test_in_turn(dom0, hypervisor):
    """Many guests leave no more than one."""
    there = state(dom0, hypervisor)
    dom0.check("for i in $(seq %d); do lodge %s && lodge destroy turn || "
               "exit 1; done" % (TURNS, create("turn", options="-q")), 900)
    assert changes(dom0, hypervisor, there) == {}


def test_destroy_refused(dom0):
    for who, words in (
            ("0", "it is Dom0, the host's own (cannot destroy domain 0)"),
            ("nobody", 'no domain is called "nobody"')):
        assert lodge(dom0, "destroy " + who) == (1, "lodge: " + words)


def test_by_xl(dom0):
    """What one tool made the other ends."""
    dom0.check("lodge " + create(NAME, options="-p -q"))
    dom0.destroy(NAME)
    dom0.create(NAME, options="-p")
    assert lodge(dom0, "destroy " + NAME) == (0, "")
    assert list(dom0.domains()) == ["Domain-0"]


def test_end(dom0):
    dom0.power_off()
