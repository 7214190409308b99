# SPDX-License-Identifier: MIT
"""test_power.py - reboot starts the machine again; power-off is in all tests

The machine that boots again and again has to find all that it had, each time.
LODGE_REBOOTS gives another number of times.
"""
import os
import re

import pytest

import lab

REBOOTS = int(os.environ.get("LODGE_REBOOTS", 200))
# In turn: as a user does, without stopping anything, and by the kernel alone.
WAYS = ("reboot", "reboot -f", "echo b >/proc/sysrq-trigger")
FOUND = re.compile(r"\(lodge\) (Memory: \d+ MiB free|\d+ of \d+ CPUs run)")


def test_reboot(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2, reboots=True) as machine:
        machine.wait_shell()
        machine.send_line("reboot")
        machine.wait_shell()
        assert machine.console().count("dom0-report: ") == 2
        machine.power_off()


@pytest.mark.full
def test_many_reboots(log_name):
    """On ours only: the control has nothing to prove here, and it is long."""
    disk = lab.Disk(lab.BUILD / "dom0" / "root.img")
    with lab.Machine(log_name, smp=2, reboots=True, disks=[disk]) as machine:
        machine.wait_shell()
        for turn in range(REBOOTS):
            machine.check("test $(nproc) = 2 && dd if=/dev/vda of=/dev/null "
                          "bs=1M count=4")
            machine.send_line(WAYS[turn % len(WAYS)])
            machine.wait_shell()
        machine.power_off()
        console = machine.console()
    assert console.count("dom0-report: complete") == REBOOTS + 1
    found = FOUND.findall(console)
    assert len(found) == 2 * (REBOOTS + 1)
    assert len(set(found)) == 2, set(found)
