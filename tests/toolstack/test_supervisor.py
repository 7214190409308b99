# SPDX-License-Identifier: MIT
"""test_supervisor.py - what is done when guests end

lodge makes them, lodge-supervisor does what their configurations ask for, on
ours and on Debian's Xen. It is killed over that, and begun anew.
"""
import json
import random
import re

import pytest

from test_create import changes, create, lodge, state
from test_create_io import disk, loops, vif

pytestmark = pytest.mark.full

NAME = "ends"
LOG = "/tmp/supervisor.log"
PID = "/run/lodge-supervisor/pid"
AUTO = "/etc/xen/auto"
# No guest here lives long enough for a loaded host not to take it for a quick
# one, but where that is what is tested.
SLOW, QUICK = "--quick=0", "--quick=100000 --most=3"
REBOOT = "reboot -f"
# How a guest ends: by what it runs, and the key that says what is done then.
ENDS = {
    "poweroff": "poweroff -f",
    "reboot": REBOOT,
    "crash": "echo c >/proc/sysrq-trigger",
    "watchdog": "modprobe xen_wdt timeout=2; exec 7>/dev/watchdog",
}
ACTIONS = ("destroy", "restart", "rename-restart", "preserve")
# The console is the hypervisor's as well: it tells of watchdogs that expire, in
# lines of its own in the midst of others.
HYPERVISOR = re.compile(r"\n?\((?:lodge|XEN)\)[^\n]*\n")
KILLS = 12
SEED = 6


# ---- the supervisor -------------------------------------------------------

def start(dom0, options=SLOW):
    dom0.check("(setsid lodge-supervisor -i %s </dev/null >>%s 2>&1 &); until "
               "test -s %s && kill -0 $(cat %s) 2>/dev/null; do sleep 0.1; "
               "done" % (options, LOG, PID, PID))


def kill(dom0, signal=9):
    dom0.check("pid=$(cat %s); kill -%d $pid; while kill -0 $pid; do sleep "
               "0.1; done 2>/dev/null; : >%s" % (PID, signal, PID))


def said(dom0):
    return dom0.check("cat " + LOG).replace("\r", "")


# ---- guests ---------------------------------------------------------------

def guests(dom0):
    """What lodge list says, by name, of those that are no Dom0.

    One that xl is ending has no name any more, shortly before it is dying.
    """
    listed = dom0.check("lodge list --json 2>/dev/null")
    return {one.get("name", ""): one
            for one in json.loads(HYPERVISOR.sub("", listed))
            if one["domid"] and "dying" not in one["states"]}


def domid(dom0, name=NAME):
    return guests(dom0)[name]["domid"]


def console(dom0, name):
    """All that the guests of that name have written."""
    return dom0.run("cat /var/log/xen/console/guest-%s.log" % name)[1]


def make(dom0, *settings, options="-q", name=NAME):
    dom0.check("rm -f /var/log/xen/console/guest-%s.log; lodge %s"
               % (name, create(name, *settings, options=options)), 300)


def made(dom0, *settings, options="-q", name=NAME):
    """A guest that is up; its number."""
    make(dom0, *settings, options=options, name=name)
    dom0.wait_up(name)
    return domid(dom0, name)


def end(dom0, how, name=NAME):
    """From within, which cannot tell of it."""
    dom0.check("echo '%s' >$(xenstore-read /local/domain/%d/console/tty)"
               % (how, domid(dom0, name)))


def has_ended(dom0, number):
    """No one that runs has that number."""
    return all(one["domid"] != number or "shutdown" in one["states"]
               for one in guests(dom0).values())


def wait_ended(dom0, number):
    dom0.until("the end of domain %d" % number,
               lambda: has_ended(dom0, number))


def wait_gone(dom0, name=NAME):
    dom0.until("no more %s" % name, lambda: name not in guests(dom0))


def wait_new(dom0, old, name=NAME):
    """Until there is another domain of that name that runs; its number."""
    def new():
        one = guests(dom0).get(name)
        return one and one["domid"] != old and \
            "paused" not in one["states"] and one["domid"]
    return dom0.until("the next %s" % name, new)


def wait_again(dom0, old, times=2, name=NAME):
    number = wait_new(dom0, old, name)
    dom0.wait_up(name, times)
    return number


def destroy_all(dom0):
    names = list(guests(dom0))
    if names:
        dom0.check("lodge destroy " + " ".join(names), 300)


@pytest.fixture(scope="module")
def before(dom0, hypervisor):
    """What there is without a guest; one has run, for what grows once."""
    dom0.check("dd if=/dev/zero of=/var/tmp/file.img bs=1M count=16 && "
               "modprobe -a xen-blkback xen-netback loop bridge && "
               "ip link add xenbr0 type bridge && ip link set xenbr0 up")
    made(dom0, disk("/var/tmp/file.img,raw,xvda,rw"), vif(""))
    # Where guests wait for their next start stays.
    dom0.check("lodge destroy " + NAME + " && xenstore-write /lodge/restarts ''")
    return state(dom0, hypervisor)


def nothing_left(dom0, hypervisor, before):
    assert guests(dom0) == {}
    assert loops(dom0) == []
    dom0.until("the end of its interface", lambda: dom0.check(
        "ls /sys/class/net").split() == ["lo", "xenbr0"])
    changed = changes(dom0, hypervisor, before)
    # The hypervisor's tables for Dom0, and of its handles, may have grown.
    assert set(changed) <= {"free", "grants"}, changed


# ---- one guest ------------------------------------------------------------

def test_nobody(dom0, before):
    """Without a supervisor it is said that nobody acts, and nobody does."""
    status, text = lodge(dom0, create(NAME, options="-p"))
    assert status == 0
    assert text.endswith('lodge: lodge-supervisor does not run: nobody acts '
                         'when "%s" ends' % NAME), text
    dom0.check("lodge unpause " + NAME)
    dom0.wait_up(NAME)
    end(dom0, ENDS["poweroff"])
    dom0.until("its end", lambda: guests(dom0)[NAME]["states"] == ["shutdown"])


def test_found(dom0):
    """What has ended before the supervisor is there is not missed."""
    start(dom0)
    wait_gone(dom0)
    assert '"%s", has shut down: it is destroyed' % NAME in said(dom0)


def test_restart(dom0):
    """Another domain, with the same name, UUID, settings and devices."""
    old = made(dom0, "memory=112", "vcpus=2", vif("bridge=xenbr0"),
               disk("/var/tmp/file.img,raw,xvda,rw"))
    was = guests(dom0)[NAME]
    vifs = json.loads(dom0.check("lodge network-list --json " + NAME))
    end(dom0, REBOOT)
    new = wait_again(dom0, old)
    now = guests(dom0)[NAME]
    for member in ("uuid", "max_memory_kib", "max_vcpus"):
        assert now[member] == was[member]
    again = json.loads(dom0.check("lodge network-list --json " + NAME))
    assert [one["mac"] for one in again] == [one["mac"] for one in vifs] != []
    assert [one["target"] for one in json.loads(dom0.check(
        "lodge block-list --json " + NAME))] == ["/var/tmp/file.img"]
    # The guest may be up before the supervisor has had its turn again.
    words = '"%s", which was domain %d, is domain %d\n' % (NAME, old, new)
    dom0.until("its being told", lambda: words in said(dom0))


def test_reboot_command(dom0):
    """lodge reboot asks its kernel, and it comes back under its new name,
    made of what config-update has said."""
    old = domid(dom0)
    dom0.check("lodge config-update %s memory=96 vcpus=1" % NAME)
    dom0.check("lodge rename %s other; cp /var/log/xen/console/guest-%s.log "
               "/var/log/xen/console/guest-other.log" % (NAME, NAME))
    dom0.until("its kernel's ear", lambda: dom0.run(
        "lodge reboot other")[0] == 0)
    wait_new(dom0, old, "other")
    dom0.until("the third start", lambda: "guest: up, 1 CPUs" in console(
        dom0, "other"))
    one = guests(dom0)["other"]
    assert (one["max_memory_kib"] // 1024, one["max_vcpus"]) == (97, 1)


def test_foreground(dom0):
    """lodge create -F waits for the last end only."""
    dom0.check("rm -f /var/log/xen/console/guest-%s.log; { lodge %s "
               ">/dev/null 2>&1 & }; echo $! >/tmp/foreground"
               % (NAME, create(NAME, options="-q -F")))
    dom0.wait_up(NAME)
    old = domid(dom0)
    end(dom0, REBOOT)
    wait_again(dom0, old)
    dom0.check("kill -0 $(cat /tmp/foreground)")
    end(dom0, ENDS["poweroff"])
    dom0.until("the end of lodge create", lambda: dom0.run(
        "kill -0 $(cat /tmp/foreground)")[0])


def test_destroyed(dom0, hypervisor, before):
    """Its owner's word is the last; nothing is left."""
    dom0.check("lodge destroy other")
    nothing_left(dom0, hypervisor, before)


# ---- each action for each reason ------------------------------------------

CHECKS = {
    "destroy": lambda dom0, name, old: wait_gone(dom0, name),
    "restart": lambda dom0, name, old: wait_again(dom0, old, name=name),
    "rename-restart": lambda dom0, name, old: (
        wait_again(dom0, old, name=name), kept(dom0, "%s-%d" % (name, old),
                                               old)),
    "preserve": lambda dom0, name, old: kept(dom0, name, old),
}


def kept(dom0, name, old):
    def is_kept():
        one = guests(dom0).get(name)
        return one and one["domid"] == old and one["states"] == ["shutdown"]
    dom0.until("%s to be kept" % name, is_kept)


@pytest.mark.parametrize("reason", ENDS)
def test_actions(dom0, hypervisor, before, reason):
    """Four guests at once, of one memory each."""
    numbers = {}
    for action in ACTIONS:
        name = "g-" + action
        numbers[name] = made(dom0, "memory=96", name=name,
                             *['on_%s="%s"' % (key, "destroy" if key != reason
                                               else action) for key in ENDS])
    for name in numbers:
        end(dom0, ENDS[reason], name)
    for action in ACTIONS:
        CHECKS[action](dom0, "g-" + action, numbers["g-" + action])
    destroy_all(dom0)
    nothing_left(dom0, hypervisor, before)


# ---- who is left alone ----------------------------------------------------

def test_left_alone(dom0):
    """One made with -e, and one that xl has made."""
    mine = made(dom0, options="-q -e")
    dom0.create("theirs", options="-e -q")
    dom0.wait_up("theirs")
    theirs = domid(dom0, "theirs")
    made(dom0, name="other")
    for name in (NAME, "theirs"):
        end(dom0, REBOOT, name)
    for number in (mine, theirs):
        wait_ended(dom0, number)
    end(dom0, ENDS["poweroff"], "other")
    wait_gone(dom0, "other")
    kept(dom0, NAME, mine)
    kept(dom0, "theirs", theirs)
    assert "theirs" not in said(dom0)
    dom0.destroy("theirs")
    dom0.check("lodge destroy " + NAME)


# ---- it is killed ---------------------------------------------------------

def test_killed(dom0, hypervisor, before):
    """At any moment of a restart; the guest comes back each time, once."""
    chance = random.Random(SEED)
    number = made(dom0, vif(""), disk("/var/tmp/file.img,raw,xvda,rw"))
    for times in range(2, KILLS + 2):
        end(dom0, REBOOT)
        wait_ended(dom0, number)
        dom0.check("sleep %.2f" % (chance.random() * 2))
        kill(dom0)
        start(dom0)
        number = wait_again(dom0, number, times)
        assert list(guests(dom0)) == [NAME]
    dom0.until("the end of its restart", lambda: "from" not in dom0.run(
        "xenstore-ls /lodge/restarts")[1])
    dom0.check("lodge destroy " + NAME)
    nothing_left(dom0, hypervisor, before)


def test_for_ever(dom0):
    """One that reboots at once is kept when it has done so too often."""
    kill(dom0, 15)
    start(dom0, QUICK)
    make(dom0, 'extra="console=hvc0 quiet rdinit=/bin/busybox -- reboot -f"')
    dom0.until("its being kept", lambda: "too often" in said(dom0), 900)
    assert guests(dom0)[NAME]["states"] == ["shutdown"]
    assert said(dom0).count('"%s", reboots: it is started again' % NAME) >= 3
    dom0.check("lodge destroy " + NAME)
    kill(dom0, 15)
    start(dom0)


# ---- the host's start and end ---------------------------------------------

def test_auto(dom0):
    """Each configuration of the directory, in order; what is wrong is told
    of; who runs already is passed over."""
    dom0.check("rm -rf %s; mkdir %s; cd %s; for n in 1 2; do sed \"/^name/"
               "s/=.*/='auto$n'/\" /run/lodge/guest.cfg >$n.cfg; done; "
               "cp 1.cfg 1.cfg~; echo 'name=\"bad\"' >0.cfg; cd /run/lodge"
               % (AUTO, AUTO, AUTO))
    status, text = dom0.run("lodge-supervisor --start 2>&1", 300)
    assert status == 1
    assert "%s/0.cfg: error: kernel is not set" % AUTO in text
    for name in ("auto1", "auto2"):
        dom0.wait_up(name)
    there = guests(dom0)
    assert sorted(there) == ["auto1", "auto2"]
    dom0.check("rm %s/0.cfg" % AUTO)
    text = dom0.check("lodge-supervisor --start 2>&1", 300)
    assert '"auto1" is domain %d already' % there["auto1"]["domid"] in text
    assert {name: one["domid"] for name, one in guests(dom0).items()} == {
        name: one["domid"] for name, one in there.items()}
    assert dom0.check("XENDOMAINS_AUTO= lodge-supervisor --start 2>&1") == ""


def test_stop(dom0, hypervisor, before):
    """They shut down, though they would be started again; one that does not
    is destroyed when the time is over, and a paused one may."""
    make(dom0, name="never", options="-q -p")
    made(dom0, 'on_poweroff="restart"', name="again")
    made(dom0, name="deaf")
    dom0.shell("deaf", "rm /sbin/poweroff")
    dom0.check("lodge pause auto2")
    text = dom0.check("lodge-supervisor --stop --limit=60 2>&1", 600)
    for name, words in (("auto1", "has ended"), ("auto2", "has ended"),
                        ("again", "has ended"), ("never", "has not run yet"),
                        ("deaf", "has not shut down in time")):
        assert '"%s", %s: it is destroyed' % (name, words) in text, text
    nothing_left(dom0, hypervisor, before)


def test_stop_all(dom0):
    """xl's guests are asked as well, if that is wished, and xl ends them."""
    dom0.create("theirs")
    dom0.wait_up("theirs")
    assert dom0.check("lodge-supervisor --stop 2>&1") == ""
    assert list(guests(dom0)) == ["theirs"]
    text = dom0.check("lodge-supervisor --stop --all 2>&1", 600)
    assert '"theirs", is asked to shut down' in text
    wait_gone(dom0, "theirs")


def test_end(dom0):
    kill(dom0, 15)
    dom0.power_off()
