# SPDX-License-Identifier: MIT
"""test_boot.py - Debian's kernel boots as Dom0, and nobody complains

Each build is booted once with each number of processors, with the kernel's
default settings; the tests look at what that boot has shown. The kernel's
warnings are compared with those of the same boot on Debian's Xen.
"""
import re

import pytest

import lab

BOOTS = [
    ("release", 1), ("release", 2), ("debug", 1), ("debug", 2),
    pytest.param(("release", 4), marks=pytest.mark.full),
    pytest.param(("debug", 4), marks=pytest.mark.full),
    pytest.param(("control", 2), marks=pytest.mark.full),
]
# What a hypervisor says when something is wrong with it.
COMPLAINT = re.compile(r"\b(error|panic|bug|assert\w*|warning|fault|"
                       r"unexpected)\b", re.IGNORECASE)
OURS = re.compile(r"^\((?:lodge|XEN)\) ?(.*)")


class Boot:
    """One boot, from power-on to power-off, and what was seen on the way."""

    def __init__(self, hypervisor, smp):
        self.smp = smp
        root = lab.Disk(lab.BUILD / "dom0" / "root.img")
        name = "boot-%s-smp%d" % (hypervisor, smp)
        with lab.Machine(name, hypervisor, smp=smp, kernel_args="",
                         disks=[root]) as machine:
            machine.wait_shell()
            self.banner = machine.console()
            self.processors = int(machine.check("nproc"))
            self.type = machine.check("cat /sys/hypervisor/type").strip()
            self.messages = lab.kernel_messages(machine)
            machine.power_off()
            self.console = machine.console()


BOOTED = {}


def boot_of(hypervisor, smp):
    """Boot once for all tests; a failure also counts for all."""
    key = hypervisor, smp
    if key not in BOOTED:
        try:
            BOOTED[key] = Boot(hypervisor, smp)
        except lab.LabError as error:
            BOOTED[key] = error
    if isinstance(BOOTED[key], lab.LabError):
        raise BOOTED[key]
    return BOOTED[key]


@pytest.fixture(params=BOOTS, ids=lambda boot: "%s-smp%d" % boot)
def boot_name(request):
    return request.param


@pytest.fixture
def boot(boot_name):
    return boot_of(*boot_name)


def test_reaches_shell_and_powers_off(boot):
    assert "dom0-report: complete" in boot.banner


def test_all_processors(boot):
    assert boot.processors == boot.smp


def test_hypervisor_type(boot):
    assert boot.type == "xen"


def test_kernel_has_no_new_warning(boot):
    usual = lab.warnings(boot_of("control", boot.smp).messages)
    found = lab.warnings(boot.messages)
    new = [text for key, text in found.items() if key not in usual]
    assert new == []


def test_hypervisor_log_has_no_error(boot, boot_name):
    if boot_name[0] == "control":
        pytest.skip("the control's own log is not judged")
    lines = [match.group(1) for match in
             map(OURS.match, boot.console.splitlines()) if match]
    assert lines, "no line of the hypervisor's own"
    assert [line for line in lines if COMPLAINT.search(line)] == []
