# SPDX-License-Identifier: MIT
"""test_power.py - reboot starts the machine again; power-off is in all tests"""
import lab


def test_reboot(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2, reboots=True) as machine:
        machine.wait_shell()
        machine.send_line("reboot")
        machine.wait_shell()
        assert machine.console().count("dom0-report: ") == 2
        machine.power_off()
