# SPDX-License-Identifier: MIT
"""test_guests.py - every small guest of tests/guests gives the same verdict

A guest states what the interface promises; that Debian's Xen passes it too
shows that it states it correctly. The guests, their lines and the judge are
described in guestkit/README.md.
"""
import concurrent.futures
import importlib.util
import os

import pytest

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


@pytest.mark.parametrize("name", RUNNER.guest_names())
@pytest.mark.on("release", "debug", "control")
def test_guest(request, hypervisor, name, verdicts):
    result = verdicts[request.node.nodeid].result()
    lab.LOGS.mkdir(parents=True, exist_ok=True)
    log = lab.LOGS / ("guest-%s-%s.log" % (name, hypervisor))
    log.write_text(result.log)
    if result.outcome == "skip":
        pytest.skip(result.reason or "the guest says so")
    complaints = [line for line in result.log.splitlines()
                  if line.startswith(("FAILED", "ERROR"))]
    assert result.outcome == "success", "%s\n%s\n%s" % (
        result.reason, "\n".join(complaints), log)
    assert result.checks > 0


@pytest.mark.full
@pytest.mark.parametrize("every", (1, 2, 3))
@pytest.mark.parametrize("name", (
    "grants", "memory", "mmu", "multicall", "ptwrite", "smp", "trees"))
def test_guest_interrupted_everywhere(name, every):
    """Long calls stop at each n-th question, and give the same verdicts."""
    result = RUNNER.run_guest(name, lab.HYPERVISORS["debug"],
                              xen_args=f"preempt-debug={every}")
    complaints = [line for line in result.log.splitlines()
                  if line.startswith(("FAILED", "ERROR"))]
    assert result.outcome == "success", "%s\n%s" % (
        result.reason, "\n".join(complaints))
    assert result.checks > 0
