# SPDX-License-Identifier: MIT
"""test_change.py - lodge changes a guest that runs, and asks it to end

Made by lodge and looked at with xl and from within. On ours and on Debian's
Xen.
"""
import json

import pytest

from test_create import create, lodge

pytestmark = pytest.mark.full

NAME = "changing"
POWEROFF, REBOOT = 0, 1
SLACK_KIB = 1024


def memory_mib(dom0, name):
    return dom0.domains()[name][1]


def limit_kib(dom0):
    """The hypervisor's limit."""
    return json.loads(dom0.check("lodge list --json " + NAME)
                      )[0]["max_memory_kib"]


def test_start(dom0):
    dom0.check("lodge " + create(NAME, "vcpus=2", "memory=128", "maxmem=192",
                                 options="-q"))
    assert dom0.wait_up(NAME) == 2


def test_memory(dom0):
    """Its balloon driver follows, both ways; the limit holds."""
    dom0.check("lodge mem-set %s 112" % NAME)
    dom0.until("less memory", lambda: memory_mib(dom0, NAME) == 112)
    dom0.check("lodge mem-set %s 131072k" % NAME)
    dom0.until("more memory", lambda: memory_mib(dom0, NAME) == 128)
    dom0.check("lodge mem-max %s 160m" % NAME)
    assert limit_kib(dom0) == 160 * 1024 + SLACK_KIB
    assert lodge(dom0, "mem-set %s 161" % NAME) == (
        1, "lodge: 164864 KiB is not from 1 to 163840 KiB, the most that it "
        "may have (cannot change the memory of domain %d)"
        % dom0.domains()[NAME][0])
    assert lodge(dom0, "mem-max %s 100" % NAME) == (
        1, "lodge: it is asked to have 131072 KiB, more than 102400 KiB "
        "(cannot limit the memory of domain %d)" % dom0.domains()[NAME][0])


def test_vcpus(dom0):
    dom0.check("lodge vcpu-set %s 1" % NAME)
    dom0.until("one vCPU", lambda: dom0.domains()[NAME][2] == 1)
    dom0.check("lodge vcpu-set %s 2" % NAME)
    # The kernel has it back; to switch it on is its user's affair.
    dom0.shell(NAME, "until echo 1 >/sys/devices/system/cpu/cpu1/online; do "
               "sleep 0.1; done 2>/dev/null")
    dom0.until("two vCPUs", lambda: dom0.domains()[NAME][2] == 2)
    assert lodge(dom0, "vcpu-set %s 3" % NAME) == (
        1, "lodge: it may use from 1 to 2 vCPUs, not 3 (cannot change the "
        "vCPUs of domain %d)" % dom0.domains()[NAME][0])


def test_sysrq(dom0):
    dom0.shell(NAME, "echo 1 >/proc/sys/kernel/sysrq && dmesg -n 7")
    dom0.check("lodge sysrq %s h" % NAME)
    dom0.until("help", lambda: "sysrq: HELP" in dom0.console(NAME))


def test_rename(dom0):
    domid = dom0.domains()[NAME][0]
    assert lodge(dom0, "rename %s Domain-0" % NAME) == (
        1, 'lodge: domain 0 is already called "Domain-0" (cannot rename '
        "domain %d)" % domid)
    assert lodge(dom0, "rename %s 12" % NAME)[0] == 1
    dom0.check("lodge rename %s other" % NAME)
    assert dom0.domains()["other"][0] == domid
    dom0.check("lodge rename other %s" % NAME)


REFUSED = [
    ("shutdown", 2, "lodge: name the domains, or use -a for all"),
    ("shutdown -a x", 2, "lodge: name the domains, or use -a for all"),
    ("shutdown 0", 1, "lodge: it is Dom0, the host's own (cannot shut down "
     "domain 0)"),
    ("reboot nosuch", 1, 'lodge: no domain is called "nosuch"'),
    ("mem-set 0 12x", 2, 'lodge: "12x" is no size, like 512, 512m, 524288k '
     "or 1g"),
    ("mem-set 77 128", 1, "lodge: there is no domain 77"),
    ("vcpu-set 0 x", 2, 'lodge: "x" is no number of vCPUs'),
    ("sysrq 0 hh", 2, 'lodge: "hh" is no key, which is one letter'),
]


def test_refused(dom0):
    for command, status, words in REFUSED:
        assert lodge(dom0, command) == (status, words)


def shut_down(dom0, name):
    """Why a guest has shut down, by <xen/sched.h>."""
    shown = json.loads(dom0.check("lodge list --json " + name))
    assert "shutdown" in shown[0]["states"]
    return shown[0]["shutdown_reason"]


def test_shutdown(dom0):
    """One that has not started does not listen; it is destroyed."""
    dom0.check("lodge " + create("early", options="-p -q"))
    assert lodge(dom0, "shutdown early") == (
        1, 'lodge: its kernel has not said that it listens to "poweroff" '
        "(cannot shut down domain %d); wait until it has started, or use "
        "lodge destroy" % dom0.domains()["early"][0])
    dom0.check("lodge destroy early")
    dom0.check("lodge shutdown -a -w", 300)
    assert shut_down(dom0, NAME) == POWEROFF
    dom0.check("lodge destroy %s" % NAME)


def test_reboot(dom0):
    """The guest asks for it; who acts on that is another matter."""
    dom0.check("lodge " + create("again", options="-q"))
    dom0.wait_up("again")
    dom0.check("lodge reboot -w again", 300)
    assert shut_down(dom0, "again") == REBOOT
    dom0.check("lodge destroy again")
    assert list(dom0.domains()) == ["Domain-0"]


def test_end(dom0):
    dom0.power_off()
