# SPDX-License-Identifier: MIT
"""test_events.py - Linux as Dom0 uses either form of event channels"""
import re

import pytest

import lab

WORDS = {
    "": rb"xen:events: Using FIFO-based ABI",
    "xen.fifo_events=0": rb"xen:events: Using 2-level ABI",
}


@pytest.mark.parametrize("option", WORDS, ids=["fifo", "two-level"])
def test_form_of_events(hypervisor, log_name, option):
    kernel_args = lab.QUICK.replace("quiet", "") + " " + option
    with lab.Machine(log_name, hypervisor, smp=2,
                     kernel_args=kernel_args) as machine:
        machine.wait_shell()
        assert re.search(WORDS[option], machine.log_path.read_bytes())
        # Timers, calls between vCPUs and the console's interrupt all came.
        table = machine.check("cat /proc/interrupts")
        for name in ("timer0", "timer1", "resched", "hvc_console"):
            row = re.search(r"^ *\d+:\s+(\d+)\s+(\d+) .*%s" % name, table,
                            re.M)
            assert row and int(row.group(1)) + int(row.group(2)) > 0, name
        machine.power_off()
