# SPDX-License-Identifier: MIT
"""test_lodge_guests.py - lodge and guests, on a host without a hypervisor

The store is our own daemon; fakecall.c stands for the hypervisor and knows a
few domains. What is shown, what is refused, and what becomes of guests that a
killed process has left half made or half ended.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
sys.path.insert(0, str(TOP / "tests" / "xenstore"))

import daemon as daemon_module  # noqa: E402
import kernels  # noqa: E402

TOOL = BUILD / "dom0-tools" / "asan" / "lodge"
FAKE = BUILD / "dom0-tools" / "fakecall.so"
RUNNING, DYING, PAUSED = 32, 1, 8
UUIDS = {0: "00000000-0000-0000-0000-000000000000",
         5: "01020300-0000-0000-0000-000000000000",
         6: "11020300-0000-0000-0000-000000000000"}
UNFINISHED = "/lodge/unfinished/"
NOBODY = 2**32 - 1
XVDA = 51712
BACK = "/local/domain/0/backend/%s/5/%d"


class Host:
    """A store, and domains that the test plays."""

    def __init__(self, directory, domains=False):
        self.store = daemon_module.Daemon(domains=domains)
        self.client = self.store.client()
        self.domains = directory / "domains"
        self.log = directory / "domains.log"
        self.set_domains({0: RUNNING, 5: 0, 6: 0})
        self.write("/local/domain/0/name", "Domain-0")
        self.write("/local/pool/0/name", "Pool-0")

    def close(self):
        self.client.close()
        self.store.close()

    def set_domains(self, flags):
        self.domains.write_text("".join(
            "%d %s %d\n" % (domid, UUIDS[domid].replace("-", ""), flags[domid])
            for domid in sorted(flags)))

    def numbers(self):
        return [int(line.split()[0])
                for line in self.domains.read_text().splitlines()]

    def write(self, path, value):
        self.client.write(path, value)

    def nodes(self):
        """Everything that there is in the store, by path."""
        said = subprocess.run(
            [str(BUILD / "bin" / "xenstore"), "ls", "-f"], check=True,
            capture_output=True, text=True, env=self.env()).stdout
        return {line.split(" = ")[0] for line in said.splitlines()}

    def env(self):
        return dict(os.environ, XENSTORED_PATH=str(self.store.socket),
                    FAKECALL_DOMAINS=str(self.domains), TZ="UTC")

    def lodge(self, *words, files=None):
        """Status, what it said, and what it said beside that.

        @files: so many descriptors it may have.
        """
        limit = ["prlimit", "--nofile=%d" % files] if files else []
        done = subprocess.run(
            [*limit, str(TOOL), *words], capture_output=True, text=True,
            env=dict(self.env(), LD_PRELOAD=str(FAKE),
                     ASAN_OPTIONS="verify_asan_link_order=0"))
        return done.returncode, done.stdout, done.stderr

    def asked(self):
        """What was asked of the hypervisor since the last time."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text.splitlines()

    def play(self, domid=5, name="g"):
        """A guest with a disk and a network, by its nodes."""
        base, vm = "/local/domain/%d" % domid, "/vm/" + UUIDS[domid]
        for path, value in (
                (base + "/name", name), (base + "/domid", str(domid)),
                (base + "/vm", vm), (vm + "/name", name),
                (vm + "/start_time", "%d.00" % (time.time() - 90061)),
                (base + "/memory/static-max", "131072"),
                (base + "/memory/target", "131072")):
            self.write(path, value)

    def play_devices(self):
        for kind, devid, texts in (
                ("vbd", XVDA, (("params", "/dev/x"), ("dev", "xvda"),
                               ("mode", "w"))),
                ("vif", 0, (("mac", "00:16:3e:00:00:01"),
                            ("bridge", "xenbr0")))):
            back = BACK % (kind, devid)
            front = "/local/domain/5/device/%s/%d" % (kind, devid)
            self.write("/libxl/5/device/%s/%d/backend" % (kind, devid), back)
            self.write(front + "/state", "4")
            self.write(front + "/event-channel", "12")
            self.write(front + "/ring-ref", "8")
            self.write(back + "/state", "4")
            for name, value in texts:
                self.write("%s/%s" % (back, name), value)

    def leave(self, domid, known, name, pid=1, start=1):
        """What a process that is gone has written of its work."""
        self.write(UNFINISHED + UUIDS[domid], "%d %d %d %s" % (
            pid, start, domid if known else NOBODY, name))


@pytest.fixture
def host(tmp_path):
    h = Host(tmp_path)
    yield h
    h.close()


def own_start():
    stat = pathlib.Path("/proc/self/stat").read_text()
    return int(stat.rpartition(")")[2].split()[19])


# ---- what is half made or half ended

def told(domid, name):
    return ('lodge: domain %d, "%s", is half made or half ended, by a process '
            'that is gone; "lodge destroy %d" ends it\n' % (domid, name, domid))


def test_half_made(host):
    """It has no name in the store yet: it is told of, and ended by name."""
    host.play()
    host.leave(6, False, "half made")
    status, shown, said = host.lodge("list")
    assert status == 0 and said == told(6, "half made")
    assert [line.split()[0] for line in shown.splitlines()] == [
        "Name", "Domain-0", "g", "half"]
    shown = json.loads(host.lodge("list", "--json")[1])
    assert [one["abandoned"] for one in shown] == [False, False, True]
    assert host.lodge("destroy", "half made") == (0, "", "")
    assert host.numbers() == [0, 5]
    assert not any(path.startswith(UNFINISHED) for path in host.nodes())
    assert host.lodge("destroy", "half made") == (
        1, "", 'lodge: no domain is called "half made"\n')


def test_half_made_by_number(host):
    host.leave(6, False, "half")
    assert host.lodge("destroy", "6") == (0, "", "")
    assert host.numbers() == [0, 5]
    assert UNFINISHED + UUIDS[6] not in host.nodes()


def test_another_of_the_uuid(host):
    """Before it has told its number it has told no name: g is another's."""
    host.play()
    host.leave(5, False, "half")
    assert host.lodge("list")[2] == ""
    assert host.lodge("destroy", "half") == (0, "", "")
    assert host.numbers() == [0, 5, 6]
    assert UNFINISHED + UUIDS[5] not in host.nodes()


def test_half_ended(host):
    """The domain is gone, and its nodes are not."""
    host.play()
    host.play_devices()
    host.leave(5, True, "g")
    host.set_domains({0: RUNNING})
    assert host.lodge("destroy", "g") == (0, "", "")
    assert not {path for path in host.nodes()
                if "/5" in path or path.startswith((UNFINISHED, "/vm/"))}


def test_number_used_again(host):
    """What is there by now is another domain: only the trace goes."""
    host.play(5, "other")
    host.write(UNFINISHED + UUIDS[6], "1 1 5 g")
    assert host.lodge("list")[2] == ""
    assert host.lodge("destroy", "g") == (0, "", "")
    assert host.numbers() == [0, 5, 6]
    assert "/local/domain/5/name" in host.nodes()
    assert UNFINISHED + UUIDS[6] not in host.nodes()


def test_process_at_work(host):
    """One that is there is left alone; its number alone does not count."""
    start = own_start()
    host.leave(6, False, "busy", os.getpid(), start)
    assert host.lodge("list")[2] == ""
    host.leave(6, False, "busy", os.getpid(), start + 1)
    assert host.lodge("list")[2] == told(6, "busy")


def test_no_files_left(host):
    """A process that cannot be looked for is not gone."""
    host.leave(6, False, "busy", os.getpid(), own_start())
    for files in range(4, 16):
        status, shown, said = host.lodge("list", files=files)
        if not status:
            break
    assert (status, said) == (0, ""), "with %d files" % files
    assert len(shown.splitlines()) == 4


def test_taken_over(host):
    """Who makes a guest of that UUID meanwhile keeps its node."""
    host.play()
    node, text = UNFINISHED + UUIDS[5], "%d %d %d new" % (
        os.getpid(), own_start(), NOBODY)
    hook = pathlib.Path(str(host.domains) + ".hook")
    hook.write_text("#!/bin/sh\nexec %s write %s '%s'\n" % (
        BUILD / "bin" / "xenstore", node, text))
    hook.chmod(0o755)
    for words in (("destroy", "g"), ("destroy", "half")):
        assert host.lodge(*words) == (0, "", "")
        assert host.client.read(node).decode() == text
        host.set_domains({0: RUNNING, 5: 0, 6: 0})
        host.leave(5, False, "half")


def test_left_in_the_way(host, tmp_path):
    """What cannot be ended keeps only its own name from being used."""
    kernel = tmp_path / "kernel"
    kernel.write_bytes(kernels.elf())
    config = tmp_path / "config"
    config.write_text("type = 'pv'\nkernel = '%s'\nmemory = 64\n" % kernel)
    host.play()
    host.play_devices()
    host.write("/libxl/5/device/vif/0/script", "/etc/xen/scripts/vif-bridge")
    host.leave(5, True, "left")
    status, _, said = host.lodge("create", "-q", str(config), "name='left'")
    assert (status, said) == (
        1, 'lodge: "left", %s, is half made or half ended (cannot create '
        '"left"); '
        "lodge destroy of that name says why it cannot be ended\n" % UUIDS[5])
    # Here nobody can be created: it got as far as to ask what there is.
    status, _, said = host.lodge("create", "-q", str(config), "name='other'")
    assert status == 1 and "half" not in said, said
    assert [node for node in host.nodes() if node.startswith(UNFINISHED)] == [
        UNFINISHED + UUIDS[5]]
    status, _, said = host.lodge("destroy", "left")
    assert status == 1 and "was attached by the script" in said, said


def test_attach_to_ended(host):
    host.play()
    host.set_domains({0: RUNNING, 5: DYING})
    before = host.nodes()
    assert host.lodge("network-attach", "g") == (
        1, "", "lodge: it is being ended (cannot attach a vif to domain 5)\n")
    assert host.nodes() == before


def test_nonsense(host):
    """What is not ours under our directory does no harm."""
    for name, text in (("x", "1 1 5 g"), (UUIDS[5], "1 1"), (UUIDS[6], "")):
        host.write(UNFINISHED + name, text)
    assert host.lodge("list")[::2] == (0, "")
    assert host.lodge("destroy", "g")[0] == 1


# ---- devices

def test_lists(host):
    host.play()
    host.play_devices()
    assert host.lodge("block-list", "g")[1].splitlines()[1] == (
        "51712 0   5      4     12     8        " + BACK % ("vbd", XVDA))
    shown = json.loads(host.lodge("network-list", "--json", "g")[1])
    assert shown == [{
        "domid": 5, "devid": 0, "backend_domid": 0,
        "backend": BACK % ("vif", 0), "state": 4, "event_channel": 12,
        "tx_ring_ref": -1, "rx_ring_ref": -1, "mac": "00:16:3e:00:00:01",
        "bridge": "xenbr0"}]


def test_detach(host):
    """By name, and by address in any case; the last takes its directory."""
    host.play()
    before = host.nodes()
    host.play_devices()
    assert host.lodge("block-detach", "g", "xvda") == (0, "", "")
    assert host.lodge("network-detach", "--force", "g",
                      "00:16:3E:00:00:01") == (0, "", "")
    left = {path for path in host.nodes() - before
            if not path.startswith("/lodge")}
    assert left == {"/libxl", "/libxl/5", "/libxl/5/device",
                    "/local/domain/5/device", "/local/domain/0/backend",
                    "/local/domain/0/backend/vbd",
                    "/local/domain/0/backend/vif"}


def test_script(host):
    """What a script has set up is left to whoever ran it."""
    host.play()
    host.play_devices()
    host.write("/libxl/5/device/vif/0/script", "/etc/xen/scripts/vif-bridge")
    before = host.nodes()
    for command in (("network-detach", "g", "0"), ("destroy", "g")):
        status, _, said = host.lodge(*command)
        assert status == 1
        assert "was attached by the script /etc/xen/scripts/vif-bridge" in said
    assert host.nodes() == before


# ---- words, beside what is asked of the hypervisor

ANSWERS = [
    ("vcpu-pin g 0 1 0", 0, "", ["affinity 5 0 1 2", "affinity 5 0 2 1"]),
    ("vcpu-pin g all - 0-1", 0, "", ["affinity 5 0 2 3", "affinity 5 1 2 3"]),
    ("vcpu-pin -f g 1 all", 0, "", ["affinity 5 1 5 3"]),
    ("vcpu-pin g 9 all", 1, "lodge: it has no vCPU 9: the last is 1 (cannot "
     "pin vCPUs of domain 5)", []),
    ("vcpu-pin g 0 7", 1, "lodge: cpus names CPU 7, which this host has not "
     "(cannot pin vCPUs of domain 5)", []),
    ("vcpu-pin g x 1", 2, 'lodge: "x" is no vCPU, which is a number or all',
     []),
    ("trigger g nmi 1", 0, "", ["trigger 5 0 1"]),
    ("trigger g reset", 1, "lodge: it is a PV guest, which has nothing but an "
     "NMI (cannot trigger domain 5)", []),
    ("trigger g nmi 2", 1, "lodge: it has no vCPU 2: the last is 1 (cannot "
     "trigger domain 5)", []),
    ("trigger g foo", 2, 'lodge: there is no trigger "foo", but nmi, reset, '
     "init, power and sleep", []),
    ("button-press g power", 1, "lodge: it is a PV guest, which has nothing "
     "but an NMI (cannot trigger domain 5)", []),
    ("button-press g x", 2, 'lodge: there is no button "x", but power and '
     "sleep", []),
    ("config-update g memory=1", 1, "lodge: no configuration of domain 5 is "
     "kept: lodge has not created it", []),
    ("sched-credit2 -d g -w 512 -c 50", 0, "", ["share 5 512 50"]),
    ("sched-credit2 -d g -w 0", 1, "lodge: the weight is from 1 to 65535, the "
     "cap up to 65535 (cannot change the share of domain 5)", []),
    ("sched-credit2 -w 3", 2, "lodge: -w and -c need -d DOMAIN", []),
    ("sched-credit2 -d g -w x", 2, 'lodge: -w: "x" is no number up to 65535',
     []),
    ("sched-credit2 -p x", 1, 'lodge: there is no CPU pool "x" of credit2',
     []),
    ("sched-credit2 -s -p Pool-0 -r 2000", 0, "", ["ratelimit 2000"]),
    ("sched-credit2 -s -p Pool-0 -r 5", 1, "lodge: the rate limit is 0 or "
     "from 100 to 500000 us, not 5 (cannot set the parameters of CPU pool 0)",
     []),
    ("mem-set g 100", 0, "", ["max_mem 5 103424"]),
    ("mem-max g 99", 1, "lodge: it is asked to have 102400 KiB, more than "
     "101376 KiB (cannot limit the memory of domain 5)", []),
    ("mem-max g 256", 0, "", ["max_mem 5 263168"]),
    ("mem-set g 257", 1, "lodge: 263168 KiB is not from 1 to 262144 KiB, the "
     "most that it may have (cannot change the memory of domain 5)", []),
    ("block-attach 0 /dev/x,raw,xvda,r", 1, "lodge: it is Dom0, the host's "
     "own (cannot attach xvda to domain 0)", []),
    ("block-attach g /dev/x,raw,xvda,q", 1, "command line: error: disk has "
     'the access "q", but must be "r", "ro", "w" or "rw"', []),
    ("network-attach g mac=1", 1, 'command line: error: vif has the mac "1", '
     "but must be of the form 00:16:3e:12:34:56", []),
]


def test_answers(host):
    """In turn: what is shown on standard output is nothing."""
    host.play()
    host.asked()
    for command, status, words, asked in ANSWERS:
        assert host.lodge(*command.split()) == (
            status, "", words + "\n" if words else ""), command
        assert host.asked() == asked, command


def test_uptime(host):
    host.play()
    lines = host.lodge("uptime", "g")[1].splitlines()
    assert lines[0].split() == ["Name", "ID", "Uptime"]
    assert lines[1].startswith("g" + 36 * " " + "5 1 day,  1:01:0")
    assert host.lodge("uptime", "--json", "nosuch") == (
        1, "", 'lodge: no domain is called "nosuch"\n')
    assert host.lodge("uptime", "6") == (
        1, lines[0] + "\n", "lodge: nobody knows since when domain 6 is "
        "there\n")


def test_shares(host):
    host.play()
    assert host.lodge("sched-credit2", "-d", "g")[1] == (
        "Name                                ID Weight  Cap\n"
        "g                                    5    256    0\n")
    shown = json.loads(host.lodge("sched-credit2", "--json")[1])
    assert [(one["domid"], one["weight"], one["cap"]) for one in shown] == [
        (0, 256, 0), (5, 256, 0), (6, 256, 0)]


# ---- CPU pools

HEAD = "Name               CPUs   Sched     Active   Domain count\n"
ROW = "%-19s%3d   credit2       y          %d\n"
POOLS = [
    ("cpupool-create name='a'", 1, 'lodge: no CPU is free: each is of a CPU '
     'pool (cannot create the CPU pool "a")', {0: "0,1"}),
    ("cpupool-create name='a' cpus='1'", 1, "lodge: CPU 1 is not free: it is "
     'of a CPU pool (cannot create the CPU pool "a")', {0: "0,1"}),
    ("cpupool-cpu-remove Pool-0 1", 0, "", {0: "0"}),
    ("cpupool-cpu-remove 0 0", 1, "lodge: CPU 0 cannot leave CPU pool 0: "
     "domains of it need its last CPU (cannot remove CPUs from CPU pool 0)",
     {0: "0"}),
    ("cpupool-cpu-remove Pool-0 1", 1, "lodge: CPU 1 is not of CPU pool 0 "
     "(cannot remove CPUs from CPU pool 0)", {0: "0"}),
    ("cpupool-create name='a' cpus='0,7'", 1, "lodge: cpus names CPU 7, which "
     'this host has not (cannot create the CPU pool "a")', {0: "0"}),
    ("cpupool-create name='Pool-0'", 1, 'lodge: CPU pool 0 is already called '
     '"Pool-0" (cannot create the CPU pool "Pool-0")', {0: "0"}),
    ("cpupool-create name='7'", 1, 'command line:1: error: name is "7", but '
     'must be text without "/" and control characters, and no number',
     {0: "0"}),
    ("cpupool-create nam='a'", 1, 'command line: error: name is not set\n'
     'command line:1: warning: unknown key "nam"; did you mean "name"?',
     {0: "0"}),
    ("cpupool-create name='a' sched='none'", 1, 'command line:2: error: sched '
     'is "none", but must be "credit", "credit2" or "rtds"', {0: "0"}),
    ("cpupool-create name='a' nodes=1", 0, "", {0: "0", 1: "1"}),
    ("cpupool-cpu-add a 0", 1, "lodge: CPU 0 is not free: it is of a CPU pool "
     "(cannot add CPUs to CPU pool 1)", {0: "0", 1: "1"}),
    ("cpupool-cpu-add a x", 1, 'command line: error: cpus is "x", but must be '
     'a list like "0-3,^2", "all,^5" or "nodes:0-1,^node:1"',
     {0: "0", 1: "1"}),
    ("cpupool-rename a Pool-0", 1, 'lodge: CPU pool 0 is already called '
     '"Pool-0" (cannot rename CPU pool 1)', {0: "0", 1: "1"}),
    ("cpupool-rename 1 b", 0, "", {0: "0", 1: "1"}),
    ("cpupool-destroy a", 1, 'lodge: there is no CPU pool "a"',
     {0: "0", 1: "1"}),
    ("cpupool-migrate 0 b", 1, "lodge: it is Dom0, which stays in the first "
     "CPU pool (cannot move domain 0 to CPU pool 1)", {0: "0", 1: "1"}),
    ("cpupool-migrate 5 b", 0, "", {0: "0", 1: "1"}),
    ("cpupool-numa-split", 1, "lodge: there are 2 CPU pools already (cannot "
     "make a CPU pool for each node)", {0: "0", 1: "1"}),
    ("cpupool-destroy b", 0, "", {0: "0"}),
    ("cpupool-cpu-add Pool-0 node:1", 0, "", {0: "0,1"}),
    ("cpupool-destroy Pool-0", 1, "lodge: it is the first one, Dom0's (cannot "
     "destroy CPU pool 0)", {0: "0,1"}),
    ("cpupool-numa-split", 0, "", {0: "0", 1: "1"}),
]


def test_pools(host):
    """Each change, or one sentence and none; then the lists."""
    for command, status, words, pools in POOLS:
        assert host.lodge(*shlex.split(command.replace("'", "\\'"))) == (
            status, "", words + "\n" if words else ""), command
        shown = json.loads(host.lodge("cpupool-list", "--json")[1])
        assert {one["cpupool"]: ",".join(map(str, one["cpus"]))
                for one in shown} == pools, command
    assert host.asked() == ["pool 5 1"]
    rows = ROW % ("Pool-node0", 1, 3) + ROW % ("Pool-node1", 1, 0)
    assert host.lodge("cpupool-list") == (0, HEAD + rows, "")
    assert host.lodge("cpupool-list", "1")[1] == (
        HEAD + ROW % ("Pool-node1", 1, 0))
    assert host.lodge("cpupool-list", "-c", "Pool-node1")[1] == (
        "Name               CPU list\nPool-node1         1\n")
    assert host.lodge("cpupool-list", "none") == (
        1, "", 'lodge: there is no CPU pool "none"\n')


def test_split_fails(host):
    """The name of another pool's that is in the way: nothing has changed."""
    host.write("/local/pool/9/name", "Pool-node1")
    before = host.nodes()
    assert host.lodge("cpupool-numa-split") == (
        1, "", 'lodge: CPU pool 9 is already called "Pool-node1" (cannot make '
        "a CPU pool for each node)\n")
    assert host.lodge("cpupool-list")[1] == HEAD + ROW % ("Pool-0", 2, 3)
    assert host.nodes() == before
