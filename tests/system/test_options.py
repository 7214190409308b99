# SPDX-License-Identifier: MIT
"""test_options.py - what each option of the command line does is to be seen

The spellings are those of Xen's document on its command line. What that
document has and we have not is named in a warning, as is what nobody has; the
machine starts all the same.

dom0_mem=, com2=, vga=, guest_loglvl= and noreboot have tests of their own
(test_machines, test_bad_input, test_vga, test_levels, test_dom0_crash), and so
has what the parsers accept (tests/unit).
"""
import re

import pytest

from test_bad_input import HELLO, BareMachine
import lab

LIMIT_S = 60
OURS = re.compile(r"^\(lodge\) (.*)", re.M)
DOM0_STARTS = "Dom0: 128 MiB, "


def log_of(name, args):
    """Our own lines of one run of a small guest, on two CPUs."""
    machine = BareMachine(name, ["%s hello-arg=42" % HELLO],
                          hypervisor_args="dom0_mem=128M " + args)
    machine.smp = 2
    with machine:
        verdict = machine.wait_for(rb"VERDICT hello: (\w+) ", "verdict")
        assert verdict == "success"
        return OURS.findall(machine.console())


# What the document has and we have not, and what is in nobody's.
NOT_TAKEN = [
    "console=xhci", "console=com1H", "console=com1,com2", "console=pv",
    "com1=115200,8n1,pci", "com1=baud=115200", "com2=115200,8n1,0x2f8,msi",
    "com2=115200/1843200", "vga=ask", "vga=gfx-1024x768x32", "vga=mode-0x318",
    "dom0_mem=all", "dom0_max_vcpus=-", "dom0_vcpus_pin=maybe",
    "maxcpus=two", "nosmp=maybe", "x2apic=cluster", "loglvl=loud",
    "guest_loglvl=all/loud", "noreboot=maybe", "sched=credit", "sched=rtds",
    "sched=arinc653", "watchdog=hard", "watchdog_timeout=-1",
]
UNKNOWN = ["frobnicate", "iommu=force", "no-such-thing"]
MITIGATIONS = ["spec-ctrl=ibrs", "spec-ctrl=rsb,verw=no", "xpti=dom0", "xpti"]
QUIET = ["spec-ctrl=no", "spec-ctrl=no-xen,ibrs=off", "no-spec-ctrl",
         "xpti=no", "xpti=dom0=no,domu=false", "no-xpti", "no-watchdog",
         "no-noreboot", "watchdog=off", "sched=credit2", "x2apic=yes"]


def test_what_is_not_taken_is_named(log_name):
    log = log_of(log_name, " ".join(NOT_TAKEN + UNKNOWN + MITIGATIONS + QUIET))
    expected = ['command line: "%s" cannot be "%s"; ignored'
                % tuple(option.split("=", 1)) for option in NOT_TAKEN]
    expected += ['command line: unknown option "%s"' % name.split("=")[0]
                 for name in UNKNOWN]
    expected += [
        "%s: mitigations of speculation are not supported; they stay off"
        % option for option in MITIGATIONS if option.startswith("spec")]
    expected += [
        "%s: page-table isolation is not supported; it stays off" % option
        for option in ("xpti=dom0", "xpti=")]
    named = [line for line in log if re.search(
        "command line: (unknown|\")|stays? off", line)]
    assert sorted(named) == sorted(expected)


@pytest.mark.parametrize("args, shown, hidden", [
    ("maxcpus=1 watchdog",
     ["1 CPUs, 1 more left out", "watchdog: off, as one CPU alone"],
     ["of 2 CPUs run"]),
    ("nosmp dom0_max_vcpus=3",
     ["1 CPUs, 1 more left out", DOM0_STARTS + "3 vCPUs"], ["CPUs run"]),
    ("no-nosmp maxcpus=2 watchdog=force watchdog_timeout=90",
     ["2 of 2 CPUs run", "watchdog: a CPU that hangs for 90 seconds"], []),
    ("watchdog_timeout=0 watchdog loglvl=warning dom0_max_vcpus=2-2",
     [DOM0_STARTS + "2 vCPUs"], ["watchdog", "CPUs run", "Memory:"]),
], ids=["maxcpus", "nosmp", "watchdog", "loglvl"])
def test_what_is_asked_for_is_done(log_name, args, shown, hidden):
    log = log_of(log_name, args)
    assert [text for text in shown
            if not any(line.startswith(text) for line in log)] == []
    assert [text for text in hidden
            if any(text in line for line in log)] == []


@pytest.mark.full
def test_no_message_of_any_level(log_name):
    """What has no level is not to be hidden: two lines of each start."""
    log = log_of(log_name, "loglvl=none frobnicate")
    assert [line.split(",")[0].split(":")[0] for line in log] == [
        "Lodge", "Dom0"]


def policy_and_domains(machine):
    """What the debug keys r and q show: a policy, and each vCPU's CPUs."""
    machine.child.send("\x01\x01\x01")
    machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
    machine.child.send("r")
    policy = machine.expect(rb"policy (\w+), ", LIMIT_S, "run queues").group(1)
    machine.child.send("q")
    cpus = [int(machine.expect(rb"vcpu %d: cpu \d+ of ([0-9a-f]+) " % vcpu,
                               LIMIT_S, "vCPU").group(1), 16)
            for vcpu in range(2)]
    machine.child.send("\x01\x01\x01")
    machine.expect(rb"(?i)serial input[^\n]*\n", LIMIT_S, "Ctrl-A")
    return policy.decode(), cpus


@pytest.mark.full
@pytest.mark.parametrize("args, policy, pinned", [
    ("sched=null dom0_vcpus_pin", "null", True),
    ("sched=credit2 dom0_vcpus_pin=no", "fair", False),
], ids=["null-and-pinned", "credit2-and-not"])
def test_scheduling(log_name, args, policy, pinned):
    with lab.Machine(log_name, "release", smp=2,
                     hypervisor_args=args) as machine:
        machine.wait_shell()
        shown, cpus = policy_and_domains(machine)
        machine.power_off()
    assert shown == policy
    if pinned:
        assert sorted(cpus) == [1, 2]
    else:
        assert all(mask & 3 == 3 for mask in cpus)


@pytest.mark.full
@pytest.mark.parametrize("args, mode", [("x2apic=off", "xAPIC"),
                                        ("x2apic", "x2APIC")])
def test_x2apic_is_used_or_not(log_name, args, mode):
    with lab.Machine(log_name, "release", cpu="max", smp=2,
                     hypervisor_args=args, emulator=lab.QEMU_10) as machine:
        machine.wait_shell()
        assert int(machine.check("nproc")) == 2
        machine.power_off()
        assert "(lodge) local APIC: %s, " % mode in machine.console()
