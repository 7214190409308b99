# SPDX-License-Identifier: MIT
"""test_console.py - three times Ctrl-A reaches the hypervisor's debug keys"""
import lab

# What the list of keys must offer.
SUBJECTS = ("domain", "run queue", "memory", "timer", "interrupt",
            "evtchn|event")
LIMIT_S = 60


def test_debug_keys(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor) as machine:
        machine.wait_shell()
        machine.child.send("\x01\x01\x01")
        machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
        machine.child.send("h")
        for subject in SUBJECTS:
            # The order of the list is its own affair: ask anew for each.
            machine.expect(b"(?i)" + subject.encode(), LIMIT_S, subject)
            machine.child.send("h")
        machine.child.send("\x01\x01\x01")
        machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
        assert machine.check("echo back").strip() == "back"
        machine.power_off()
