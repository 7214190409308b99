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
           (re.compile(r" +\d+\.\d\b"), " TIME"),
           # Of uptime: seconds, and what they may have made full.
           (re.compile(r"\d+:\d\d:\d\d|up +\d+:\d\d"), "CLOCK")]


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
    "list -n", "list -n " + GUEST, "claims", "vcpu-list", "vcpu-list " + GUEST,
    "domid " + GUEST, "domname 0", "dmesg", "uptime", "uptime " + GUEST,
    "uptime -s", "sched-credit2", "sched-credit2 -d " + GUEST,
    "sched-credit2 -p Pool-0", "sched-credit2 -s", "block-list " + GUEST,
    "network-list " + GUEST])
def test_same_text(host, command):
    assert still(host.check("lodge " + command)) == \
        still(host.check("xl " + command))


def test_days(host):
    """A guest that is there for days, by the store."""
    path = "$(xenstore-read /local/domain/%d/vm)/start_time" \
        % host.domains()[GUEST][0]
    start = host.check("xenstore-read " + path).strip()
    for seconds in (7200, 90061, 176461, 864000):
        host.check("xenstore-write %s $(( $(date +%%s) - %d )).00"
                   % (path, seconds))
        for command in ("uptime", "uptime -s"):
            assert still(host.check("lodge %s %s" % (command, GUEST))) == \
                still(host.check("xl %s %s" % (command, GUEST)))
    host.check("xenstore-write %s %s" % (path, start))


def test_shares_and_pins(host):
    """Set by ours, shown by xl."""
    host.check("lodge sched-credit2 -d %s -w 512 -c 30" % GUEST)
    host.check("lodge vcpu-pin %s all 0-1 1" % GUEST)
    host.check("lodge vcpu-pin %s 1 1 -" % GUEST)
    for command in ("sched-credit2 -d " + GUEST, "vcpu-list " + GUEST):
        assert still(host.check("lodge " + command)) == \
            still(host.check("xl " + command))
    assert host.check("xl sched-credit2 -d " + GUEST).split()[-2:] == \
        ["512", "30"]
    rows = host.check("xl vcpu-list " + GUEST).splitlines()[1:]
    assert [row.split()[6:] for row in rows] == [["all", "/", "1"],
                                                 ["1", "/", "1"]]
    host.check("lodge vcpu-pin %s all all all" % GUEST)
    host.check("lodge sched-credit2 -d %s -w 256 -c 0" % GUEST)
    host.check("lodge sched-credit2 -s -p Pool-0 -r 2000")
    assert "ratelimit=2000us" in host.check("xl sched-credit2 -s")
    host.check("lodge sched-credit2 -s -p Pool-0 -r 1000")


def test_trigger(host):
    """An NMI, which a PV guest's kernel tells of."""
    host.shell(GUEST, "dmesg -n 7")
    host.check("lodge trigger %s nmi" % GUEST)
    host.until("its NMI", lambda: "NMI" in host.console(GUEST))


def within(ours, theirs):
    """All that we say is said by xl as well, where xl says anything of it."""
    if isinstance(ours, dict):
        return all(within(ours[key], theirs[key])
                   for key in ours if key in theirs)
    return ours == theirs


def test_list_long(host):
    ours = json.loads(host.check("lodge list -l"))
    theirs = json.loads(host.check("xl list -l"))
    assert [one["domid"] for one in ours] == [one["domid"] for one in theirs]
    guest = ours[-1]["config"]
    assert within(guest, theirs[-1]["config"]), (ours, theirs)
    assert guest["c_info"]["name"] == GUEST
    assert guest["b_info"]["avail_vcpus"] == [0, 1]
    assert ours[0]["config"]["c_info"] == theirs[0]["config"]["c_info"]


def test_info_numa(host):
    assert host.check("lodge info -n").splitlines() == \
        host.check("xl info -n").splitlines()


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
    ("uptime nosuch", 'lodge: no domain is called "nosuch"'),
    ("sched-credit2 -d nosuch", 'lodge: no domain is called "nosuch"'),
    ("vcpu-pin nosuch 0 0", 'lodge: no domain is called "nosuch"'),
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
