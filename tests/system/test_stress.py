# SPDX-License-Identifier: MIT
"""test_stress.py - stress-ng on two processors, and no complaint

A minute of what presses on a hypervisor most; in the full run also ten
minutes of nearly all that stress-ng can do to a kernel, group by group.
LODGE_STRESS_SECONDS gives those another length.
"""
import os
import re

import pytest

import lab

SECONDS = 60
LIMIT_S = 300
STRESSORS = ("--cpu 1 --vm 1 --vm-bytes 64M --fork 1 --mmap 1 "
             "--mmap-bytes 32M --switch 1 --signal 1 --pthread 1 --futex 1")


@pytest.mark.on("release", "debug")
def test_stress(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2,
                     appended=[lab.BUILD / "dom0" / "stress.cpio"]) as machine:
        machine.wait_shell()
        before = lab.kernel_messages(machine)
        output = machine.check("stress-ng %s --verify --timeout %ds "
                               "--metrics-brief" % (STRESSORS, SECONDS),
                               LIMIT_S)
        after = lab.kernel_messages(machine)
        machine.power_off()
    assert "successful run completed" in output
    new = [text for level, text in after[len(before):] if level <= lab.WARN]
    assert new == []


LARGE_SECONDS = int(os.environ.get("LODGE_STRESS_SECONDS", 600))
GROUPS = (
    "cpu matrix fp vecmath crypt qsort opcode priv-instr",
    "vm mmap mremap brk stack malloc memfd madvise mincore mprotect",
    "munmap mlock fault userfaultfd tlb-shootdown remap pagemove "
    "vm-splice vm-rw vm-segv",
    "shm shm-sysv mmapfork mmapmany stackmmap pageswap memcpy misaligned",
    "fork vfork clone daemon zombie wait kill session",
    "switch context yield pthread futex mutex sem sem-sysv affinity "
    "schedpolicy",
    "pipe fifo msg mq eventfd poll epoll sock sockpair udp",
    "timer timerfd itimer hrtimers nanosleep clock alarm sleep vdso",
    "signal sigfpe sigsegv sigpending sigsuspend sigrt sigq sigtrap sigfd "
    "sigabrt",
    "sysbadaddr enosys syscall ioport usersyscall ptrace "
    "personality set lockbus",
    "hdd dentry getdent link rename utime io sendfile splice copy-file",
    "membarrier getrandom seccomp bad-altstack prctl nice nop branch "
    "jpeg zlib",
)
# What the stressors themselves make the kernel say: madvise declares pages of
# its own broken; schedpolicy's real-time programs want all of a slow CPU.
PROVOKED = re.compile(r"stress-ng|sigaltstack|process .* attempted|"
                      r"Out of memory|oom|"
                      r"Memory failure: .*: recovery action for .*: Recovered|"
                      r"sched: RT throttling activated|"
                      r"sched: DL replenish lagged too much|"
                      r"hrtimer: interrupt took|clocksource: ")
# On Debian's Xen too: Linux expects an entry to be empty that it has cleared,
# and as a PV guest it clears entries in batches, a little later.
KNOWN_WARNING = re.compile(r"WARNING: .* unmap_page_range\+")
WARNING_BEGINS = "[ cut here ]"
WARNING_ENDS = "[ end trace"


def without_known_warning(messages):
    """All @messages, but for that warning, of many lines."""
    kept, warning = [], None
    for level, text in messages:
        if WARNING_BEGINS in text:
            warning = []
        if warning is None:
            kept.append((level, text))
            continue
        warning.append((level, text))
        if WARNING_ENDS in text:
            if not KNOWN_WARNING.search(warning[1][1]):
                kept += warning
            warning = None
    return kept + (warning or [])


@pytest.mark.full
def test_stress_larger_set(log_name):
    """On ours only: it is long."""
    seconds = max(LARGE_SECONDS // len(GROUPS), 1)
    with lab.Machine(log_name, smp=2, dom0_mib=1536,
                     appended=[lab.BUILD / "dom0" / "stress.cpio"]) as machine:
        machine.wait_shell()
        lab.kernel_messages(machine, clear=True)
        messages = []
        for group in GROUPS:
            stressors = " ".join("--%s 1" % name for name in group.split())
            output = machine.check(
                "cd /tmp && stress-ng %s --vm-bytes 64M --mmap-bytes 32M "
                "--hdd-bytes 16M --oomable --verify --timeout %ds"
                % (stressors, seconds), LIMIT_S + 20 * seconds)
            assert "successful run completed" in output
            messages += lab.kernel_messages(machine, clear=True)
        machine.power_off()
    new = [text for level, text in without_known_warning(messages)
           if level <= lab.WARN and not PROVOKED.search(text)]
    assert new == []
