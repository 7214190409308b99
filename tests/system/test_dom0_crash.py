# SPDX-License-Identifier: MIT
"""test_dom0_crash.py - what becomes of the machine when Dom0 ends badly

One line says why; then the machine starts again, or stands still with
noreboot. What a guest must do to be crashed is in tests/guests.
"""
import pytest

import lab

LIMIT_S = 120
PANIC = "echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger"


class Doomed(lab.Machine):
    """A machine whose Dom0 panics because it is told to."""

    def expect(self, pattern, limit_s, what):
        return super().expect(pattern, limit_s, what, deaths=())


def test_panic_halts_with_noreboot(log_name):
    with Doomed(log_name, "release", hypervisor_args="noreboot") as machine:
        machine.wait_shell()
        machine.send_line(PANIC)
        machine.expect(rb"\(lodge\) Dom0 ended: crash", LIMIT_S, "the reason")
        machine.expect(rb"The machine has halted", LIMIT_S, "the halt")


@pytest.mark.full
def test_panic_reboots(log_name):
    with Doomed(log_name, "debug", smp=2, reboots=True) as machine:
        machine.wait_shell()
        machine.send_line(PANIC)
        machine.expect(rb"\(lodge\) Dom0 ended: crash", LIMIT_S, "the reason")
        machine.expect(lab.PROMPT.encode(), lab.BOOT_LIMIT_S, "second boot")
        assert machine.console().count("dom0-report: ") == 2
