# SPDX-License-Identifier: MIT
"""test_levels.py - what the log shows, and when it says it happened

The guest "flood" reads 100 registers that are nobody's, waits until the next
burst is allowed, and reads one more. Or it reads one for each byte that is
typed for it, while debug keys change what is shown.
"""
import re

import pytest

from test_bad_input import BareMachine
from test_guests import RUNNER
import lab

BURST = 10
TOTAL = 101
REFUSED = re.compile(r"^\(lodge\) .*RDMSR 4d534e[0-9a-f]{2} is refused$", re.M)
DROPPED = re.compile(r"^\(lodge\) .*?(\d+) messages about guests were not "
                     r"shown", re.M)
TOLD = re.compile(r"^NOTE VIRQ_CON_RING came (\d+) times", re.M)


def flood(args):
    """The console of one run, and the guest's count of VIRQ_CON_RING."""
    result = RUNNER.run_guest("flood", lab.HYPERVISORS["release"],
                              xen_args=args)
    assert result.outcome == "success", result.reason
    return result.log, int(TOLD.search(result.log).group(1))


def test_guests_cannot_flood_the_log():
    log, told = flood("guest_loglvl=none/debug")
    shown = len(REFUSED.findall(log))
    dropped = [int(n) for n in DROPPED.findall(log)]
    # A slow machine may take several bursts for the first hundred.
    assert dropped and BURST < shown <= BURST * (len(dropped) + 1)
    assert shown + sum(dropped) == TOTAL
    assert told >= 1


def test_all_is_shown_on_request():
    log, told = flood("guest_loglvl=all console_timestamps=boot")
    assert len(REFUSED.findall(log)) == TOTAL
    assert not DROPPED.search(log)
    assert told >= 1
    stamps = [float(s) for s in re.findall(
        r"^\(lodge\) \[ *(\d+\.\d{6})\] .*RDMSR", log, re.M)]
    assert len(stamps) == TOTAL
    assert stamps == sorted(stamps)
    # The guest waited for six seconds before the last one.
    assert stamps[-1] - stamps[-2] >= 6


@pytest.mark.parametrize("args", [
    "guest_loglvl=info",
    pytest.param("guest_loglvl=none", marks=pytest.mark.full),
    pytest.param("", marks=pytest.mark.full)])
def test_what_is_not_asked_for_is_not_shown(args):
    log, _ = flood(args)
    assert not REFUSED.search(log)


class Talker(BareMachine):
    """A machine whose guest makes the hypervisor talk when it is asked to."""

    def __init__(self, name, build, args):
        flood = lab.BUILD / "guests" / "flood.elf"
        super().__init__(name, ["%s listen=yes" % flood], build=build,
                         hypervisor_args=args)
        self.asked = 0

    def refusal_shown(self):
        """Ask the guest for one: is it in the log?"""
        self.asked += 1
        self.child.send("x")
        self.wait_for(rb"NOTE asked (%d) times" % self.asked, "answer")
        return bool(REFUSED.search(lab.plain(self.child.before)))

    def switch_input(self, to):
        self.child.send("\x01\x01\x01")
        self.wait_for(b"(serial input goes to %s)" % to, "switch")

    def press(self, key):
        """A debug key; what it says is shown from now on."""
        self.switch_input(b"the debug keys")
        self.child.send(key)
        shown = self.wait_for(rb"messages about guests shown: (\w+), some of: "
                              rb"\w+", "answer to a key")
        self.switch_input(b"Dom0")
        return shown


@pytest.mark.parametrize("build", ["release", "debug"])
def test_keys_change_what_is_shown(log_name, build):
    with Talker(log_name, build, "guest_loglvl=none") as machine:
        machine.wait_for(b"(NOTE listening)", "guest")
        assert not REFUSED.search(machine.console())
        assert not machine.refusal_shown()
        for key, level, shown in (
                (">", "error", False), (">", "warning", False),
                (">", "info", False), (">", "debug", True),
                ("<", "info", False), (">", "debug", True),
                (">", "all", True), (">", "all", True)):
            assert machine.press(key) == level
            assert machine.refusal_shown() == shown
        machine.child.send("q")
        machine.wait_for(b"(VERDICT flood: success)", "verdict")
