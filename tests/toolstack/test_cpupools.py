# SPDX-License-Identifier: MIT
"""Pools of processors by Debian's xl."""
import pytest

from test_toolstack import vcpu_rows

pytestmark = pytest.mark.full


def pools(dom0):
    """What xl cpupool-list says: {name: (CPUs, scheduler, domains)}."""
    rows = [line.split() for line in
            dom0.check("xl cpupool-list").splitlines()[1:]]
    members = [line.split() for line in
               dom0.check("xl cpupool-list -c").splitlines()[1:]]
    assert [row[0] for row in rows] == [row[0] for row in members]
    assert all(row[3] == "y" for row in rows)
    return {row[0]: (member[1], row[2], int(row[4]))
            for row, member in zip(rows, members)}


def test_create_pool(dom0):
    """A processor leaves the first pool and founds another."""
    dom0.check("xl vcpu-pin Domain-0 0 0")
    dom0.check("xl cpupool-cpu-remove Pool-0 1")
    assert pools(dom0) == {"Pool-0": ("0", "credit2", 1)}
    dom0.check("xl cpupool-create 'name=\"two\"' 'cpus=[\"1\"]' "
               "'sched=\"credit2\"'")
    assert pools(dom0) == {"Pool-0": ("0", "credit2", 1),
                           "two": ("1", "credit2", 0)}


def test_pool_refused(dom0):
    """What cannot be changes nothing.

    xl ends well when a processor cannot be removed or added, but says so.
    """
    for command in ("cpupool-destroy Pool-0", "cpupool-destroy nobody"):
        assert dom0.run("xl " + command)[0] != 0, command
    for command in ("cpupool-cpu-remove Pool-0 0", "cpupool-cpu-add two 0",
                    "cpupool-cpu-add two 7"):
        assert "rror" in dom0.run("xl " + command)[1], command
    assert pools(dom0) == {"Pool-0": ("0", "credit2", 1),
                           "two": ("1", "credit2", 0)}


def test_guest_in_pool(dom0):
    """A guest runs where its pool is, and moves with it."""
    dom0.create("g", extra="pool=\"two\"")
    dom0.wait_up("g")
    dom0.shell("g", "true")
    assert vcpu_rows(dom0, "g")[0][3] == "1"
    assert pools(dom0)["two"] == ("1", "credit2", 1)
    assert dom0.run("xl cpupool-destroy two")[0] != 0
    assert "rror" in dom0.run("xl cpupool-cpu-remove two 1")[1]
    assert pools(dom0)["two"] == ("1", "credit2", 1)
    dom0.check("xl cpupool-migrate g Pool-0")
    dom0.shell("g", "true")
    assert vcpu_rows(dom0, "g")[0][3] == "0"
    dom0.check("xl cpupool-migrate g two")
    dom0.shell("g", "true")
    assert vcpu_rows(dom0, "g")[0][3] == "1"
    dom0.destroy("g")


def test_pool_rename_and_destroy(dom0):
    dom0.check("xl cpupool-rename two three")
    assert set(pools(dom0)) == {"Pool-0", "three"}
    dom0.check("xl cpupool-destroy three")
    dom0.check("xl cpupool-cpu-add Pool-0 1")
    assert pools(dom0) == {"Pool-0": ("0,1", "credit2", 1)}


def test_numa_split(dom0):
    """One node is one pool."""
    dom0.check("xl cpupool-numa-split")
    assert pools(dom0) == {"Pool-node0": ("0,1", "credit2", 1)}
    dom0.check("xl cpupool-rename Pool-node0 Pool-0")


def test_end(dom0):
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
