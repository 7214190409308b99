# SPDX-License-Identifier: MIT
"""test_console.py - debug keys by three times Ctrl-A; a reader that stops

What keys do to messages about guests is in test_levels.py.
"""
import time

import pexpect
import pytest

import lab

# What the list of keys must offer.
SUBJECTS = ("domain", "run queue", "memory", "timer", "interrupt",
            "evtchn|event")
LIMIT_S = 60
# The one message of level "info" that a working machine ends with.
FAREWELL = "(lodge) ACPI: power off"
# Nobody reads for so long. The port is waited for a second at most.
DEAF_S = 15


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
        console = machine.console()
    assert hypervisor == "control" or FAREWELL in console


def test_keys_silence_the_hypervisor(log_name):
    with lab.Machine(log_name, "release") as machine:
        machine.wait_shell()
        machine.child.send("\x01\x01\x01")
        machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
        for key, level in (("-", "warning"), ("-", "error"), ("-", "none"),
                           ("-", "none"), ("+", "error")):
            machine.child.send(key)
            machine.expect(b"\\(lodge\\) messages shown: %s, some of: "
                           % level.encode(), LIMIT_S, level)
        machine.child.send("\x01\x01\x01")
        machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
        machine.power_off()
        assert FAREWELL not in machine.console()


def hear_what_was_lost(machine):
    """Make the shell print until the port has room, and is told of the loss.

    An answer that comes before the reader has made room is lost like the rest.
    """
    told = rb"serial port: \d+ characters are lost"
    for _ in range(LIMIT_S):
        machine.child.send("\n")
        if machine.child.expect([told, pexpect.TIMEOUT], timeout=1) == 0:
            return
    raise machine.trouble("nothing says what was lost")


@pytest.mark.on("release", "debug")
def test_reader_that_stops(hypervisor, log_name):
    """The serial port stops taking bytes, and takes them again.

    What comes meanwhile is lost, and told of with the next that is printed.
    """
    with lab.Machine(log_name, hypervisor) as machine:
        machine.wait_shell()
        machine.child.send("dmesg\n")
        time.sleep(DEAF_S)
        if hypervisor != "control":
            hear_what_was_lost(machine)
        assert machine.check("echo again").strip() == "again"
        machine.power_off()
