# SPDX-License-Identifier: MIT
"""test_guest_console.py - consoles: ours and Debian's tool, ours and Debian's daemon

First lodge console with Debian's xenconsoled; then lodge-consoled takes over,
with guests running, and serves xl and lodge. On ours and on Debian's Xen.
"""
import re

import pytest

from test_create import create, lodge

pytestmark = pytest.mark.full

NAME = "talks"
LIMIT_S = 900
DIR = "/tmp/console"
LOG = DIR + "/guest-%s.log" % NAME
DAEMON = "lodge-consoled --log=guest --log-dir=%s --pid-file=/run/c.pid" % DIR
ROTATE = (64 << 10, 2)
# About 2.6 MB, and enough to be killed in the middle of.
LINES = range(1, 400001)
MORE_LINES = range(1000001, 1200001)


def run_in(dom0, console, name, command):
    return dom0.check("CONSOLE='%s' guest-run %s '%s'"
                      % (console, name, command), LIMIT_S)


def tty(dom0, name):
    domid = dom0.domains()[name][0]
    return dom0.check("xenstore-read /local/domain/%d/console/tty"
                      % domid).strip()


def on_terminal(dom0, command, keys):
    """What a command says that has a terminal, where @keys are typed."""
    dom0.check("rm -f /tmp/keys; mkfifo /tmp/keys; "
               "(sleep 2; printf '%s'; sleep 2) >/tmp/keys & "
               "script -qfec '%s' /tmp/said </tmp/keys >/dev/null; true"
               % (keys, command), LIMIT_S)
    return dom0.check("tr -d '\\r' </tmp/said")


def start_daemon(dom0, options=""):
    dom0.check("%s %s" % (DAEMON, options))


def stop_daemon(dom0, signal="TERM"):
    pid = dom0.check("cat /run/c.pid").strip()
    dom0.check("kill -%s %s; while kill -0 %s; do sleep 0.1; done 2>/dev/null"
               % (signal, pid, pid))


def seq(numbers):
    return "seq %d %d" % (numbers[0], numbers[-1])


def missing(dom0, path, numbers):
    """How many of the numbers are on no line of a file."""
    return int(dom0.check(
        "tr -d '\\r' <%s | awk '/^[0-9]+$/ { seen[$1] = 1 } END { for (i = "
        "%d; i <= %d; i++) if (!(i in seen)) n++; print n + 0 }'"
        % (path, numbers[0], numbers[-1]), LIMIT_S))


# -- Debian's daemon --------------------------------------------------------

def test_with_xenconsoled(dom0):
    dom0.check("lodge " + create(NAME, options="-q"))
    dom0.wait_up(NAME)
    assert "hello 42" in run_in(dom0, "lodge console", NAME,
                                "echo hello $((6*7))")
    assert "hello 42" in run_in(dom0, "lodge console -t pv -n 0", NAME,
                                "echo hello $((6*7))")


REFUSED = [
    ("nosuch", 1, 'no domain is called "nosuch"'),
    ("-t tape " + NAME, 2, '-t is "pv" or "serial", and -n a number'),
    ("-n x " + NAME, 2, '-t is "pv" or "serial", and -n a number'),
]


def test_refused(dom0):
    for words, status, said in REFUSED:
        assert lodge(dom0, "console " + words) == (status, "lodge: " + said)


def test_leave(dom0):
    """By ^], also if there is no such console; the terminal is as before."""
    for which in ("", "-n 3 "):
        said = on_terminal(dom0, "stty -g; lodge console %s%s; echo =$?; "
                           "stty -g" % (which, NAME), "\\035")
        modes = re.findall(r"^[0-9a-f:]{20,}$", said, re.M)
        assert len(modes) == 2 and modes[0] == modes[1], said
        assert "=0\n" in said


def test_killed(dom0):
    """A signal ends it as well, with the terminal as it was."""
    said = on_terminal(dom0, "stty -g; (until stty -F /dev/tty -a | grep -q "
                       "-e -icanon; do sleep 1; done; kill $(pidof lodge)) & "
                       "lodge console %s; echo =$?; stty -g" % NAME, "")
    modes = re.findall(r"^[0-9a-f:]{20,}$", said, re.M)
    assert len(modes) == 2 and modes[0] == modes[1], said
    assert "=1\n" in said


def test_create(dom0):
    """As xl create -c does; it ends with the guest."""
    said = on_terminal(dom0, "(until grep -q \"guest: up\" "
                       "/var/log/xen/console/guest-brief.log; do sleep 1; "
                       "done; lodge destroy brief) >/dev/null 2>&1 & "
                       "lodge create -c -q guest.cfg name=\\\"brief\\\"; "
                       "echo =$?", "")
    assert "guest: up, 1 CPUs" in said
    assert "=0\n" in said


def test_create_to_its_end(dom0):
    """It ends when the guest has shut down, with its last words."""
    said = on_terminal(dom0, "(until grep -q \"guest: up\" "
                       "/var/log/xen/console/guest-short.log; do sleep 1; "
                       "done; lodge shutdown short) >/dev/null 2>&1 & "
                       "lodge create -c -q guest.cfg name=\\\"short\\\"; "
                       "echo =$?", "")
    assert "guest: up, 1 CPUs" in said and "=0\n" in said, said
    # Unless somebody else ends what has shut down.
    dom0.run("lodge destroy short")
    assert "short" not in dom0.domains()


# -- ours -------------------------------------------------------------------

def test_take_over(dom0):
    """A guest that runs has another daemon, and goes on."""
    dom0.check("kill $(cat /run/xenconsoled.pid); while pidof xenconsoled; do "
               "sleep 0.1; done >/dev/null; mkdir " + DIR)
    start_daemon(dom0)
    assert "hello 42" in run_in(dom0, "lodge console", NAME,
                                "echo hello $((6*7))")


def test_xl(dom0):
    assert "hello 42" in dom0.in_guest(NAME, "echo hello $((6*7))")
    assert "hello 42" in dom0.shell(NAME, "echo hello $((6*7))")
    dom0.create("other")
    dom0.until("the terminal", lambda: tty(dom0, "other"))
    assert "hello 42" in run_in(dom0, "lodge console", "other",
                                "echo hello $((6*7))")
    assert "guest: up" in dom0.check("cat %s/guest-other.log" % DIR)
    dom0.check("test -S /run/lodge-consoled/%d" % dom0.domains()["other"][0])
    dom0.destroy("other")


def test_damaged_ring(dom0):
    """A guest that scribbles into its ring stops nobody, and can mend it."""
    dom0.check("lodge create -q scribble.cfg")
    dom0.until("its verdict", lambda: "VERDICT" in dom0.run(
        "cat %s/guest-scribble.log" % DIR)[1])
    said = dom0.check("cat %s/guest-scribble.log" % DIR)
    assert re.search(r"VERDICT scribble: success \d+ checks", said), said
    assert "hello 42" in run_in(dom0, "lodge console", NAME,
                                "echo hello $((6*7))")
    dom0.check("lodge destroy scribble")


def test_alone(dom0):
    status, said = dom0.run("lodge-consoled --foreground "
                            "--pid-file=/run/c.pid 2>&1")
    assert status == 1
    assert said.strip() == ("lodge-consoled: /run/c.pid is locked: another "
                            "one is at work")


def test_several_readers(dom0):
    """Megabytes, and each reader has all of them."""
    dom0.check("lodge console %s </dev/null >/tmp/second 2>/dev/null & "
               "echo $! >/tmp/second.pid" % NAME)
    dom0.check("console-follow %s /tmp/first '%s'" % (NAME, seq(LINES)),
               LIMIT_S)
    expected = dom0.check(seq(LINES) + " | sha256sum").split()[0]
    dom0.until("the second reader",
               lambda: dom0.run("grep -q ^=end= /tmp/second")[0] == 0)
    for path in ("/tmp/first", "/tmp/second", LOG):
        assert dom0.check("tr -d '\\r' <%s | grep -x '[0-9][0-9]*' | sha256sum"
                          % path, LIMIT_S).split()[0] == expected, path
    dom0.check("kill $(cat /tmp/second.pid)")


def test_killed_daemon(dom0):
    """What is in the ring comes through, and whoever reads it stays."""
    dom0.check("console-follow %s /tmp/first '%s' >/tmp/follow 2>&1 & "
               "echo $! >/tmp/follow.pid" % (NAME, seq(MORE_LINES)))
    for size in (200000, 600000):
        dom0.until("some of it", lambda: int(dom0.check(
            "stat -c %s /tmp/first")) > size)
        stop_daemon(dom0, "KILL")
        assert dom0.run("grep -q ^=end= /tmp/first")[0] == 1, "too late"
        start_daemon(dom0)
    dom0.until("the end", lambda: dom0.run(
        "grep -q ^=end= /tmp/first")[0] == 0)
    assert missing(dom0, "/tmp/first", MORE_LINES) == 0
    assert missing(dom0, LOG, MORE_LINES) == 0
    dom0.until("its reader", lambda: dom0.run(
        "kill -0 $(cat /tmp/follow.pid)")[0] != 0)
    assert dom0.check("cat /tmp/follow") == ""


def test_rotation(dom0):
    """Files have their limits, and what is kept is the end of the text."""
    size, keep = ROTATE
    stop_daemon(dom0)
    assert tty(dom0, NAME) == ""
    dom0.check("rm -f %s*" % LOG)
    start_daemon(dom0, "--log-size=%dk --log-keep=%d --log=all"
                 % (size >> 10, keep))
    dom0.check("console-follow %s /tmp/first 'seq 100001 150000'" % NAME,
               LIMIT_S)
    files = dict(reversed(line.split()) for line in dom0.check(
        "stat -c '%%s %%n' %s*" % LOG).splitlines())
    assert set(files) == {LOG} | {"%s.%d" % (LOG, n + 1) for n in range(keep)}
    assert all(0 < int(found) <= size for found in files.values())
    kept = dom0.check("cat %s.2 %s.1 %s | tr -d '\\r' | grep -x '[0-9][0-9]*' "
                      ">/tmp/kept; tail -n +2 /tmp/kept | sed -n '1p;$p'; "
                      "wc -l </tmp/kept" % ((LOG,) * 3))
    first, last, count = map(int, kept.split())
    assert last == 150000 and last - first + 2 == count


def test_hypervisor_log(dom0):
    dom0.check("lodge debug-keys h")
    dom0.until("the hypervisor's last line", lambda: dom0.run(
        "lodge dmesg | tail -n 1 | grep -qxFf - %s/hypervisor.log"
        % DIR)[0] == 0)


def test_hypervisor_log_goes_on(dom0):
    """After a restart nothing of it is there twice."""
    count = "grep -cxF \"$(cat /tmp/line)\" %s/hypervisor.log" % DIR
    dom0.check("tail -n 1 %s/hypervisor.log >/tmp/line" % DIR)
    before = dom0.check(count)
    stop_daemon(dom0, "KILL")
    start_daemon(dom0, "--log=hv")
    dom0.check("lodge debug-keys c")
    dom0.until("what it says now", lambda: dom0.run(
        "lodge dmesg | tail -n 1 | grep -qxFf - %s/hypervisor.log"
        % DIR)[0] == 0)
    assert dom0.check(count) == before
    stop_daemon(dom0)
    start_daemon(dom0)


def test_reopen(dom0):
    dom0.check("mv %s %s.moved; kill -HUP $(cat /run/c.pid)" % (LOG, LOG))
    run_in(dom0, "lodge console", NAME, "echo after the move")
    assert "after the move" in dom0.check("cat " + LOG)


def test_end_of_guest(dom0):
    """Its console ends, and nothing of it is left."""
    domid = dom0.domains()[NAME][0]
    dom0.check("(lodge console %s </dev/null >/dev/null; echo =$? >/tmp/end) "
               "2>/dev/null & sleep 2; test -S /run/lodge-consoled/%d"
               % (NAME, domid))
    dom0.check("lodge destroy " + NAME)
    dom0.until("its reader's end", lambda: dom0.run("cat /tmp/end")[1] ==
               "=0\n")
    assert list(dom0.domains()) == ["Domain-0"]
    assert dom0.run("test -e /run/lodge-consoled/%d" % domid)[0] == 1
    assert dom0.run("xenstore-exists /local/domain/%d" % domid)[0] == 1


def test_stale_socket(dom0):
    """Of a daemon that was killed; another one serves."""
    dom0.check("lodge " + create(NAME, options="-q"))
    domid = dom0.domains()[NAME][0]
    dom0.until("its socket", lambda: dom0.run(
        "test -S /run/lodge-consoled/%d" % domid)[0] == 0)
    stop_daemon(dom0, "KILL")
    said = on_terminal(dom0, "lodge console %s; echo =$?" % NAME,
                       "'; until grep -q nobody /tmp/said; do sleep 1; "
                       "done; printf '\\035")
    assert "nobody serves this console" in said and "=0\n" in said, said
    dom0.check("/usr/lib/xen-4.17/bin/xenconsoled --log=guest "
               "--pid-file=/run/xenconsoled.pid")
    assert "hello 42" in run_in(dom0, "lodge console", NAME,
                                "echo hello $((6*7))")
    dom0.check("lodge destroy " + NAME)
    dom0.check("kill $(cat /run/xenconsoled.pid); while pidof xenconsoled; do "
               "sleep 0.1; done >/dev/null")
    start_daemon(dom0)


def test_end(dom0):
    stop_daemon(dom0)
    assert dom0.check("ls /run/lodge-consoled") == ""
    dom0.power_off()
