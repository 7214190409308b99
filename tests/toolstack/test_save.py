# SPDX-License-Identifier: MIT
"""Guests are saved and come back, by Debian's xl: nothing of them is lost.

One guest lives through all tests: a process in it counts, another computes in
vector registers and compares, a file of random bytes has a checksum.
"""
import pytest

pytestmark = pytest.mark.full

IMAGE = "/tmp/g.img"
# Clocks are read one after the other, in whole seconds.
CLOCK_TOLERANCE_S = 2

WORKERS = (
    "dd if=/dev/urandom of=/tmp/random bs=1M count=32 2>/dev/null; "
    "md5sum /tmp/random >/tmp/sum",
    "(i=0; while :; do i=$((i+1)); echo $i >/tmp/n; mv /tmp/n /tmp/counter; "
    "sleep 1; done) >/dev/null 2>&1 & echo $! >/tmp/pid",
    "(i=0; while vectorkeep 2 20; do i=$((i+1)); echo $i >/tmp/m; "
    "mv /tmp/m /tmp/rounds; done; echo lost >/tmp/lost) >/dev/null 2>&1 &",
    "while test ! -e /tmp/counter -o ! -e /tmp/rounds; do sleep 1; done",
)

# The counter goes on; of the rounds in vector registers the second one from
# now on begins and ends after now. Then numbers, one a line.
CHECK = (
    "md5sum -c -s /tmp/sum && kill -0 $(cat /tmp/pid) && "
    "c=$(cat /tmp/counter) r=$(($(cat /tmp/rounds)+2)) && "
    "until test $(cat /tmp/counter) -gt $c -a $(cat /tmp/rounds) -ge $r "
    "-o -e /tmp/lost; do sleep 1; done; test ! -e /tmp/lost && "
    "echo $c && date +%s && cat /proc/uptime"
)


class Watched:
    """The guest, and what was last seen of it."""

    def __init__(self, dom0):
        self.dom0 = dom0
        self.free = dom0.free_mib()
        dom0.create("g", extra="memory=192")
        dom0.wait_up("g")
        for command in WORKERS:
            dom0.in_guest("g", command)
        self.forget()
        self.check()

    def forget(self):
        """It may be an older one from now on."""
        self.count = 0
        self.uptime = 0.0

    def check(self):
        """All is there and goes on; its clocks are right."""
        before = int(self.dom0.check("date +%s"))
        answer = self.dom0.in_guest("g", CHECK).split()[-4:]
        after = int(self.dom0.check("date +%s"))
        count, now, uptime = int(answer[0]), int(answer[1]), float(answer[2])
        assert count >= self.count
        assert before - CLOCK_TOLERANCE_S <= now <= after + CLOCK_TOLERANCE_S
        assert uptime >= self.uptime
        self.count, self.uptime = count, uptime

    def save(self, options=""):
        self.dom0.check("rm -f %s; xl save %s g %s" % (IMAGE, options, IMAGE),
                        300)

    def restore(self):
        self.dom0.check("xl restore %s" % IMAGE, 300)


@pytest.fixture(scope="module")
def guest(dom0):
    return Watched(dom0)


@pytest.fixture(autouse=True)
def audit(dom0):
    """After each test on ours, while the machine runs."""
    yield
    if dom0.hypervisor != "control" and dom0.in_loop:
        dom0.audit()


def test_save_and_restore(dom0, guest):
    """It ends, and comes back as another domain; three times in turn."""
    for _ in range(3):
        domid = dom0.domains()["g"][0]
        guest.save()
        dom0.wait_gone("g")
        dom0.until("the memory", lambda: dom0.free_mib() == guest.free)
        guest.restore()
        assert dom0.domains()["g"][0] > domid
        assert dom0.domains()["g"][1:3] == (192, 1)
        guest.check()


def test_checkpoint(dom0, guest):
    """A guest that was saved with -c goes on as the same domain."""
    domid = dom0.domains()["g"][0]
    guest.save("-c")
    assert dom0.domains()["g"][0] == domid
    guest.check()


def test_back_to_the_checkpoint(dom0, guest):
    """What came after the checkpoint has not been, after the restore."""
    dom0.in_guest("g", "touch /tmp/later")
    dom0.destroy("g")
    guest.restore()
    dom0.in_guest("g", "test ! -e /tmp/later")
    guest.forget()
    guest.check()


def test_paused(dom0, guest):
    """A restored guest waits if it is told to."""
    guest.save()
    dom0.wait_gone("g")
    dom0.check("xl restore -p %s" % IMAGE, 300)
    assert "p" in dom0.domains()["g"][3]
    dom0.check("xl unpause g")
    guest.check()


def test_damaged_image(dom0, guest):
    """An image that is cut off gives an error, and leaves nothing."""
    guest.save()
    dom0.wait_gone("g")
    free = dom0.free_mib()
    dom0.check("head -c 30000000 %s >/tmp/cut.img" % IMAGE)
    status, output = dom0.run("xl restore /tmp/cut.img", 300)
    assert status != 0, output
    dom0.check("rm /tmp/cut.img")
    dom0.until("the end of it", lambda: list(dom0.domains()) == ["Domain-0"])
    dom0.until("the memory", lambda: dom0.free_mib() == free)
    guest.restore()
    guest.check()


def test_end(dom0, guest):
    """The memory of all that is back, and Dom0 powers off."""
    dom0.destroy("g")
    dom0.until("the memory", lambda: dom0.free_mib() == guest.free)
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
