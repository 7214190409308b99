# SPDX-License-Identifier: MIT
"""Shares of the processor: by weight, and no more than a cap.

The machine has one processor and its own time: a busy host takes none of it
away from any guest.
"""
import pytest

import dom0 as dom0_module

pytestmark = pytest.mark.full

DOM0_OPTIONS = dict(dom0_module.OWN_TIME, smp=1)


def spin(dom0, name):
    """A guest that only spins."""
    dom0.create(name)
    dom0.wait_up(name)
    dom0.shell(name, "(while :; do :; done) >/dev/null 2>&1 &")


def measure(dom0, seconds, *names):
    """How much time passed, then how much each of @names got; xl list tells it
    by tenths of a second."""
    look = "cut -d ' ' -f 1 /proc/uptime; xl list"
    lines = dom0.check("%s; sleep %d; %s" % (look, seconds, look)).split("\n")
    middle = len(lines) // 2
    looks = []
    for part in lines[:middle], lines[middle:]:
        table = {line.split()[0]: float(line.split()[-1])
                 for line in part[2:] if line}
        looks.append([float(part[0])] + [table[name] for name in names])
    return [after - before for before, after in zip(*looks)]


def test_weights(dom0):
    """Twice the weight is twice the time, within 5 percentage points."""
    for name in ("s", "t"):
        spin(dom0, name)
    dom0.check("xl sched-credit2 -d t -w 512")
    _, small, large = measure(dom0, 6, "s", "t")
    assert small + large > 3
    assert abs(small / (small + large) - 1 / 3) < 0.05, (small, large)
    dom0.destroy("t")


def test_cap(dom0):
    """A cap of 30 is 30 % of a processor, within 2 points, from its first
    moment on."""
    dom0.check("sleep 2; xl sched-credit2 -d s -c 30")
    passed, used = measure(dom0, 15, "s")
    assert abs(used / passed - 0.30) < 0.02, (used, passed)
    dom0.check("xl sched-credit2 -d s -c 0")
    passed, used = measure(dom0, 3, "s")
    assert used / passed > 0.8, (used, passed)
    dom0.destroy("s")


def test_end(dom0):
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
