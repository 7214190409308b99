# SPDX-License-Identifier: MIT
"""test_cpu_hotplug.py - Dom0 takes a vCPU out of use and back, under load

Linux takes an "offline" vCPU down by VCPUOP_down and brings it back by
VCPUOP_up, with its interrupts, timers and run queue moved away and back each
time, while programs run on all of them. The watchdog is on: no processor may
hang in the hypervisor meanwhile, and none may be taken for one that does.
"""
import pytest

import lab

ROUNDS = 20
ONLINE = "/sys/devices/system/cpu/cpu1/online"
LIMIT_S = 300
# Linux says so of each round; the last is for a busy host to answer for.
USUAL = ("is now offline", "is up", "masked", "smpboot: ", "installing Xen",
         "Unregister", "cpu 1 spinlock event irq",
         "hrtimer: interrupt took")


@pytest.mark.full
def test_offline_and_online(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2,
                     hypervisor_args="watchdog") as machine:
        machine.wait_shell()
        before = lab.kernel_messages(machine)
        # Three busy loops for two processors, and one that forks.
        machine.check("for i in 1 2 3; do while :; do :; done & done; "
                      "while :; do /bin/true; done & echo started")
        machine.check("i=0; while [ $i -lt %d ]; do "
                      "echo 0 >%s && [ $(nproc) = 1 ] && "
                      "echo 1 >%s && [ $(nproc) = 2 ] || exit 1; "
                      "i=$((i + 1)); done" % (ROUNDS, ONLINE, ONLINE), LIMIT_S)
        # It works again: bound to it, a program gets time and timers.
        machine.check("taskset 2 sh -c 'sleep 1; : $(grep -c . /proc/stat)'")
        after = lab.kernel_messages(machine)
        machine.power_off()
    new = [text for level, text in after[len(before):] if level <= lab.WARN and
           not any(usual in text for usual in USUAL)]
    assert new == []
