# SPDX-License-Identifier: MIT
"""test_guests.py - every small guest of tests/guests gives the same verdict

A guest states what the interface promises; that Debian's Xen passes it too
shows that it states it correctly. The guests, their lines and the judge are
described in guestkit/README.md.
"""
import importlib.util

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


@pytest.mark.parametrize("name", RUNNER.guest_names())
@pytest.mark.on("release", "debug", "control")
def test_guest(hypervisor, name):
    result = RUNNER.run_guest(name, lab.HYPERVISORS[hypervisor])
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
