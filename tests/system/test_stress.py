# SPDX-License-Identifier: MIT
"""test_stress.py - a minute of stress-ng on two processors, and no complaint"""
import pytest

import lab

SECONDS = 60
LIMIT_S = 300
STRESSORS = ("--cpu 1 --vm 1 --vm-bytes 64M --fork 1 --mmap 1 "
             "--mmap-bytes 32M --switch 1 --signal 1 --pthread 1 --futex 1")


@pytest.mark.on("release", "debug")
def test_stress(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2,
                     appended=[lab.BUILD / "dom0" / "stress.cpio"]) as machine:
        machine.wait_shell()
        before = lab.kernel_messages(machine)
        output = machine.check("stress-ng %s --verify --timeout %ds "
                               "--metrics-brief" % (STRESSORS, SECONDS),
                               LIMIT_S)
        after = lab.kernel_messages(machine)
        machine.power_off()
    assert "successful run completed" in output
    new = [text for level, text in after[len(before):] if level <= lab.WARN]
    assert new == []
