# SPDX-License-Identifier: MIT
"""test_lodge.py - our tool beside Debian's xl, in the same Dom0

Both look at the same host and the same guest, made by xl; what they print is
compared line by line, with what changes meanwhile (time, the CPU and the state
of a vCPU) taken out. On ours and on Debian's Xen.
"""
import json
import re

import pytest

pytestmark = pytest.mark.full

GUEST = "watched"
# States, CPU numbers and seconds of running.
CHANGES = [(re.compile(r"[r-][b-]([p-][s-][c-][d-])"), r"..\1"),
           (re.compile(r" +\d+   [r-][b-]- "), " CPU STATE "),
           (re.compile(r" +\d+\.\d\b"), " TIME")]


@pytest.fixture(scope="module")
def host(dom0):
    dom0.create(GUEST, "vcpus=2")
    dom0.wait_up(GUEST)
    yield dom0
    dom0.destroy(GUEST)


def still(text):
    """@text without what changes from one moment to the next."""
    for pattern, instead in CHANGES:
        text = pattern.sub(instead, text)
    return text.splitlines()


@pytest.mark.parametrize("command", [
    "list", "list -v", "list -Z", "list -c", "list " + GUEST, "list 0",
    "vcpu-list", "vcpu-list " + GUEST, "domid " + GUEST, "domname 0", "dmesg"])
def test_same_text(host, command):
    assert still(host.check("lodge " + command)) == \
        still(host.check("xl " + command))


def test_info(host):
    ours, theirs = host.check("lodge info"), host.check("xl info")
    assert ours.splitlines() == theirs.splitlines()
    shown = json.loads(host.check("lodge info --json"))
    assert list(shown) == [line.partition(":")[0].strip()
                           for line in theirs.splitlines() if line]
    assert shown["total_memory"] > shown["free_memory"] > 0


@pytest.mark.parametrize("command, words", [
    ("list nosuch", 'lodge: no domain is called "nosuch"'),
    ("list 77", "lodge: there is no domain 77"),
    ("vcpu-list nosuch", 'lodge: no domain is called "nosuch"'),
    ("domid nosuch", 'lodge: no domain is called "nosuch"'),
    ("domname 77", "lodge: there is no domain 77, or it has no name"),
    ("domname x", 'lodge: "x" is no domain id, which is a number up to 32751'),
    ("pause nosuch", 'lodge: no domain is called "nosuch"')])
def test_refusals(host, command, words):
    """What fails with xl fails here, with the same status and clear words."""
    status, said = host.run("lodge %s 2>&1" % command)
    assert said.strip() == words
    assert status == host.run("xl %s" % command)[0] == 1


def test_json(host):
    listed = {one["name"]: one
              for one in json.loads(host.check("lodge list --json"))}
    guest = listed[GUEST]
    domid, mib, vcpus, _ = host.domains()[GUEST]
    assert (guest["domid"], guest["memory_kib"] // 1024, guest["vcpus"],
            guest["type"]) == (domid, mib, vcpus, "pv")
    assert host.config()[GUEST]["config"]["c_info"]["uuid"] == guest["uuid"]
    shown = json.loads(host.check("lodge vcpu-list --json " + GUEST))
    assert [v["vcpu"] for v in shown] == [0, 1]
    assert all(v["online"] and v["hard_affinity"] == [0, 1] for v in shown)


def test_pause_and_unpause(host):
    host.check("lodge pause " + GUEST)
    assert "p" in host.domains()[GUEST][3]
    # One that fails does not keep the others from their turn.
    assert host.run("lodge unpause nosuch %s 2>&1" % GUEST)[0] == 1
    assert "p" not in host.domains()[GUEST][3]
    host.in_guest(GUEST, "true")


def test_log_and_keys(host):
    host.check("lodge dmesg -c")
    host.check("lodge debug-keys h")
    said = host.check("lodge dmesg")
    assert len(said.splitlines()) > 5
    assert said == host.check("xl dmesg -c")
    assert host.check("lodge dmesg").strip() == ""


def test_without_the_hypervisor(host):
    """The cause first, and what to do about it."""
    status, said = host.run("setpriv --reuid=65534 --clear-groups "
                            "lodge list 2>&1")
    assert status == 1
    assert said.strip() == ("lodge: cannot speak to the hypervisor: Permission"
                            " denied (cannot list the domains); this needs "
                            "root")
