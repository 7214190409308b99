# SPDX-License-Identifier: MIT
"""test_guests.py - every small guest of tests/guests gives the same verdict

A guest states what the interface promises; that Debian's Xen passes it too
shows that it states it correctly. The guests, their lines and the judge are
described in guestkit/README.md.
"""
import concurrent.futures
import importlib.util
import os
import re

import pytest

import bochs
import lab


def load_runner():
    """tests/guests/run.py as a module."""
    path = lab.TOP / "tests" / "guests" / "run.py"
    spec = importlib.util.spec_from_file_location("guest_run", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNER = load_runner()


def boot_guest(item):
    """Run the guest that test @item is about."""
    params = item.callspec.params
    return RUNNER.run_guest(params["name"],
                            lab.HYPERVISORS[params["hypervisor"]])


@pytest.fixture(scope="session")
def verdicts(request):
    """{test: its guest's result to come}; as many at a time as CPUs.

    The guests are many and small, so they share the machine; each test then
    waits for its own.
    """
    items = [item for item in request.session.items
             if getattr(item, "originalname", "") == "test_guest"]
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    yield {item.nodeid: pool.submit(boot_guest, item) for item in items}
    pool.shutdown(cancel_futures=True)


def check_verdict(result, log_name):
    """It is a success; what the guest has said is kept."""
    lab.LOGS.mkdir(parents=True, exist_ok=True)
    log = lab.LOGS / (log_name + ".log")
    log.write_text(result.log)
    if result.outcome == "skip":
        pytest.skip(why_not(result.log))
    complaints = [line for line in result.log.splitlines()
                  if line.startswith(("FAILED", "ERROR"))]
    assert result.outcome == "success", "%s\n%s\n%s" % (
        result.reason, "\n".join(complaints), log)
    assert result.checks > 0


def why_not(log):
    """What the guest says when nothing in it applies."""
    reasons = re.findall(r"^SKIP (.+?)\r*$", log, re.M)
    assert reasons, log
    return "; ".join(sorted(set(reasons)))


@pytest.mark.parametrize("name", RUNNER.guest_names())
@pytest.mark.on("release", "debug", "control")
def test_guest(request, hypervisor, name, verdicts):
    check_verdict(verdicts[request.node.nodeid].result(),
                  "guest-%s-%s" % (name, hypervisor))


@pytest.mark.full
@pytest.mark.parametrize("every", (1, 2, 3))
@pytest.mark.parametrize("name", (
    "grants", "memory", "mmu", "multicall", "ptwrite", "smp", "trees"))
def test_guest_interrupted_everywhere(name, every):
    """Long calls stop at each n-th question, and give the same verdicts."""
    result = RUNNER.run_guest(name, lab.HYPERVISORS["debug"],
                              xen_args=f"preempt-debug={every}")
    check_verdict(result, f"guest-{name}-interrupted-{every}")


def qemu_10():
    """QEMU 10 with a processor that has SMEP and SMAP."""
    return RUNNER.Qemu(tuple(lab.QEMU_10.command()),
                       lab.QEMU_10.environment(), "max")


@pytest.mark.full
@pytest.mark.parametrize("name", (
    "cpuid", "debugregs", "fpu", "hello", "iret", "pageend", "privileged",
    "ptwrite", "rights", "segments", "smp", "syscall", "traps"))
@pytest.mark.on("release", "debug", "control")
def test_guest_with_smap(hypervisor, name):
    """Where a flag of the guest's would open its memory to the hypervisor."""
    result = RUNNER.run_guest(name, lab.HYPERVISORS[hypervisor],
                              emulator=qemu_10())
    check_verdict(result, f"guest-{name}-{hypervisor}-qemu-10")
    if hypervisor != "control":
        assert "SMEP on, SMAP on" in result.log


@pytest.mark.full
@pytest.mark.parametrize("name", (
    "debugregs", "fpu", "hello", "iret", "pageend", "privileged", "segments",
    "syscall", "traps"))
@pytest.mark.on("release", "debug", "control")
def test_guest_of_intel(hypervisor, name):
    """Other orders of exceptions, SYSENTER, entries that the TLB keeps."""
    log_name = f"guest-{name}-{hypervisor}-intel"
    result = RUNNER.run_guest(name, lab.HYPERVISORS[hypervisor],
                              emulator=bochs.Guests(name=log_name))
    check_verdict(result, log_name)
    if name == "syscall":
        assert "sysenter as 103" in result.log
    if name == "debugregs":
        assert "held back into int3: trap 3" in result.log
