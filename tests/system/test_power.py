# SPDX-License-Identifier: MIT
"""test_power.py - reboot starts the machine again; power-off is in all tests

The machine that boots again and again has to find all that it had, each time.
LODGE_REBOOTS gives another number of times.
"""
import os
import re
import warnings

import pytest

import lab

REBOOTS = int(os.environ.get("LODGE_REBOOTS", 200))
# At most so many emulators for them: all but one have died. QEMU 7.2 with two
# processors does on a busy host, once in twenty starts or so.
MACHINES = 2 + REBOOTS // 10
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


def reboot_often(machine, done):
    """Reboot until REBOOTS are done or QEMU dies; returns how many are."""
    try:
        machine.wait_shell()
        while done < REBOOTS:
            machine.check("test $(nproc) = 2 && dd if=/dev/vda of=/dev/null "
                          "bs=1M count=4")
            machine.send_line(WAYS[done % len(WAYS)])
            machine.wait_shell()
            done += 1
        machine.power_off()
    except lab.EmulatorCrash as crash:
        warnings.warn(str(crash))
    return done


@pytest.mark.full
def test_many_reboots(log_name):
    """On ours only: the control has nothing to prove here, and it is long.

    QEMU dies of so many boots now and then (lab.EmulatorCrash): another one
    goes on with what is left.
    """
    disk = lab.Disk(lab.BUILD / "dom0" / "root.img")
    done, consoles = 0, []
    while done < REBOOTS:
        assert len(consoles) < MACHINES
        with lab.Machine("%s-%d" % (log_name, len(consoles)), smp=2,
                         reboots=True, disks=[disk]) as machine:
            done = reboot_often(machine, done)
            consoles.append(machine.console())
    console = "".join(consoles)
    completed = console.count("dom0-report: complete")
    assert completed > REBOOTS
    found = FOUND.findall(console)
    assert len(found) >= 2 * completed
    assert len(set(found)) == 2, set(found)
