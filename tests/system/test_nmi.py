# SPDX-License-Identifier: MIT
"""test_nmi.py - what nothing can mask: NMI, machine check, double fault

QEMU's monitor sends the NMI of the machine and reports errors in the banks of
a processor; the debug build runs over its own stack when it is asked to. Each
must end as the options say: at Dom0, nowhere, or in a panic that names it.
"""
import re

import pytest

import lab

UNKNOWN = "NMI received for unknown reason"
LIMIT_S = 120
# Intel SDM 3B, 16.3.2.2: valid, uncorrected, enabled, address valid, context
# corrupt; a cache hierarchy error.
FATAL_BANK = 0xb600000000000135
RESTARTABLE = 0x5
NAME = re.compile(r" (\w+)\+0x[0-9a-f]+/0x[0-9a-f]+")


def nmis_in_dom0(machine):
    return int(machine.run("dmesg | grep -c '%s'" % UNKNOWN)[1])


def expect_panic(machine, pattern):
    """Wait for it; returns the function of ours where it was, "" in a guest.

    The registers and the call trace's first line name the same function.
    """
    machine.expect(rb"Panic on CPU \d+: " + pattern, LIMIT_S, "panic")
    place, symbol = machine.expect(
        rb"cpu \d+  (guest|hypervisor)  rip \w{4}:\w{16}([^\r\n]*)\r*\n",
        LIMIT_S, "registers").groups()
    first, = machine.expect(
        rb"Call trace:\r*\n\(lodge\) +\[<\w{16}>\]([^\r\n]*)\r*\n",
        LIMIT_S, "call trace").groups()
    machine.expect(rb"Halted \(noreboot\)", LIMIT_S, "halt")
    assert first == symbol
    name = NAME.fullmatch(lab.plain(symbol))
    assert bool(name) == (place == b"hypervisor"), symbol
    return name.group(1) if name else ""


class Doomed(lab.Machine):
    """A machine whose panic is what is waited for."""

    def expect(self, pattern, limit_s, what):
        return super().expect(pattern, limit_s, what, deaths=())


def test_nmi_reaches_dom0(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor,
                     hypervisor_args="nmi=dom0") as machine:
        machine.wait_shell()
        assert nmis_in_dom0(machine) == 0
        for count in (1, 2):
            machine.monitor("nmi")
            # Linux's words may not fall into the echo of a command.
            machine.expect(rb"Dazed and confused[^\n]*\n", LIMIT_S,
                           "Dom0's answer to the NMI")
            # What is printed in an NMI reaches the log a little later.
            machine.check("until dmesg | grep -c '%s' | grep -qx %d; do "
                          "sleep 0.1; done" % (UNKNOWN, count))
        assert nmis_in_dom0(machine) == 2
        machine.power_off()


@pytest.mark.full
def test_nmi_ignored(log_name):
    with lab.Machine(log_name, "release",
                     hypervisor_args="nmi=ignore") as machine:
        machine.wait_shell()
        machine.monitor("nmi")
        machine.monitor("nmi")
        assert nmis_in_dom0(machine) == 0
        assert machine.console().count("later ones are ignored") == 1
        machine.power_off()


@pytest.mark.parametrize("build", ["release", "debug"])
def test_nmi_fatal(log_name, build):
    """While Dom0 runs: the interrupted registers may be a guest's."""
    with Doomed(log_name, build,
                hypervisor_args="nmi=fatal noreboot") as machine:
        machine.expect(rb"Linux version", LIMIT_S, "Dom0's kernel")
        machine.monitor("nmi")
        expect_panic(machine, rb"NMI: no known reason")


def test_machine_check_fatal(log_name):
    with Doomed(log_name, "release",
                hypervisor_args="noreboot") as machine:
        machine.expect(rb"Linux version", LIMIT_S, "Dom0's kernel")
        machine.monitor("mce 0 1 %#x %#x 0x1234000 0" % (
            FATAL_BANK, RESTARTABLE))
        expect_panic(machine, rb"Machine check: uncorrected error in bank 1: "
                     rb"status %016x address 0+1234000 " % FATAL_BANK)


def test_stack_overflow(log_name):
    with Doomed(log_name, "debug",
                hypervisor_args="selftest=df noreboot") as machine:
        assert expect_panic(machine, rb"Double fault: the stack has "
                            rb"overflowed") == "overflow_stack"


def test_watchdog_finds_hang(log_name):
    with Doomed(log_name, "debug", smp=2, hypervisor_args="watchdog "
                "watchdog_timeout=2 selftest=hang noreboot") as machine:
        machine.expect(rb"CPU 1 hangs from now on", LIMIT_S, "the hang")
        machine.expect(rb"Panic on CPU 1: Watchdog: this CPU hangs, for 2 "
                       rb"seconds", LIMIT_S, "panic")
        machine.expect(rb"cpu 1  hypervisor  rip \w+:\w+ spin", LIMIT_S,
                       "the place of the hang")
        machine.expect(rb"Call trace:", LIMIT_S, "call trace")
        machine.expect(rb"Halted \(noreboot\)", LIMIT_S, "halt")
