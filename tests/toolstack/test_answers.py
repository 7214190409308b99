# SPDX-License-Identifier: MIT
"""The form of what Debian's tools print, which scripts rely on.

shapes/ holds recordings of the control's answers with all values replaced;
LODGE_RECORD=1 makes them anew.
"""
import json
import os
import pathlib
import re

import pytest

pytestmark = pytest.mark.full

SHAPES = pathlib.Path(__file__).parent / "shapes"
RECORD = bool(os.environ.get("LODGE_RECORD"))
# Only met by a guest that stands still.
LIMIT_S = 900


def keys(value, path=""):
    """The paths of a JSON value's members, with their types."""
    if isinstance(value, dict):
        return [line for key in sorted(value)
                for line in keys(value[key], path + "/" + key)]
    if isinstance(value, list):
        return sorted({line for one in value
                       for line in keys(one, path + "[]")})
    return ["%s %s" % (path, type(value).__name__)]


def list_long(dom0):
    listed = json.loads(dom0.check("xl list -l"))
    return "\n".join(keys([one for one in listed
                           if one["config"]["c_info"]["name"] == "g"]))


def names_only(dom0):
    """The names of what xl info tells, one a line."""
    return "\n".join(dom0.info())


# What a hypervisor says itself, on the same console.
HYPERVISOR = re.compile(r"^\((XEN|lodge)\) .*\n", re.M)

# In turn: what a value is replaced by.
VALUES = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    # Of a domain, and of a vCPU; xentop has its own order.
    (r"(?<!\S)([r-][b-][p-]([s-][c-][d-])?|[d-][s-][b-][c-][p-][r-])(?!\S)",
     "STATE"),
    (r"\b[0-9a-f]{8,}\b|\d+(\.\d+)?", "N"),
)


def form(text):
    """The words of an answer, all numbers alike."""
    for pattern, instead in VALUES:
        text = re.sub(pattern, instead, text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def table(command):
    """The form of a command's answer."""
    return lambda dom0: form(dom0.check(command))


ANSWERS = {
    "list-l": list_long,
    "info": names_only,
    "list": table("xl list"),
    "list-v": table("xl list -v"),
    "vcpu-list": table("xl vcpu-list"),
    "sched-credit2": table("xl sched-credit2"),
    "cpupool-list": table("xl cpupool-list"),
    "cpupool-list-c": table("xl cpupool-list -c"),
    "uptime": table("xl uptime"),
    "xentop": table("xentop -b -i 2 -d 1"),
    "info-n": table("xl info -n | sed -n '/^cpu_topology/,/^xen_/p' | "
                    "grep -v ^xen_"),
    "claims": table("xl claims"),
    "vm-list": table("xl vm-list"),
}

# A guest's life in commands, right ones and wrong ones. What begins with "a$"
# is done in the guest; "up N": it has come up N times.
SESSION = r"""
xl create -p guest.cfg 'name="a"' vcpus=2
xl list a
xl unpause a
up 1
a$ modprobe -a xen-blkfront xen-netfront
xl pause a
xl vcpu-list a
xl unpause a
xl rename a b
xl domid b
xl domid a
xl rename b a
xl rename nobody c
xl vcpu-pin a 0 1
xl vcpu-pin a all 0,1 0
xl vcpu-pin a 0 9
xl vcpu-pin a 7 0
xl vcpu-list a
xl vcpu-set a 3
xl vcpu-set a 1
xl mem-max a 200
xl mem-max nobody 200
xl mem-set a 100
xl mem-set a 100000
xl mem-set nobody 100
xl sched-credit2 -d a -w 512 -c 30
xl sched-credit2 -d a
xl sched-credit2 -d a -w 100000
xl sched-credit2 -d nobody
xl sched-credit2 -s -p Pool-0
xl block-attach a /var/tmp/d.img,raw,xvdb,rw
a$ until [ -b /dev/xvdb ]; do sleep 0.1; done
xl block-list a
xl block-attach a /var/tmp/none.img,raw,xvdc,rw
xl block-detach a xvdb
xl block-detach a xvdb
xl block-list a
xl network-attach a mac=00:16:3e:00:00:01 bridge=xenbr0
a$ until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
xl network-list a
xl network-detach a 00:16:3e:00:00:01
xl network-detach a 7
xl network-list a
xl cpupool-cpu-remove Pool-0 1
xl cpupool-create 'name="two"' 'cpus=["1"]' 'sched="credit2"'
xl cpupool-create 'name="two"'
xl cpupool-list
xl cpupool-migrate a two
xl cpupool-destroy two
xl cpupool-migrate a Pool-0
xl cpupool-destroy two
xl cpupool-cpu-add Pool-0 1
xl cpupool-numa-split
xl cpupool-list
xl cpupool-rename Pool-node0 Pool-0
xl reboot a
up 2
xl console nobody
xl shutdown -w a
xl create guest.cfg 'name="c"' memory=100000
xl create guest.cfg 'name="c"' 'kernel="/none"'
xl create guest.cfg 'name="c"'
xl create guest.cfg 'name="c"'
xl destroy c
xl destroy c
xl pause c
xl shutdown c
xl reboot c
xl uptime c
"""


def session(dom0):
    """The form of all that the session's commands say, and their status."""
    dom0.check("modprobe -a xen-blkback xen-netback loop bridge && "
               "brctl addbr xenbr0 && truncate -s 4M /var/tmp/d.img")
    said = []
    for line in SESSION.strip().splitlines():
        who, _, rest = line.partition(" ")
        if who == "up":
            dom0.wait_up("a", int(rest))
        elif who == "a$":
            dom0.shell("a", rest)
        else:
            status, output = dom0.run(
                "%s >/tmp/said 2>&1; s=$?; cat /tmp/said; exit $s" % line,
                LIMIT_S)
            output = HYPERVISOR.sub("", output)
            said.append("$ %s [%d]\n%s\n" % (line, status, form(output)))
    return "".join(said)


def is_recorded(hypervisor, name, shape):
    """Whether the control's answer had this form."""
    file = SHAPES / (name + ".txt")
    if RECORD and hypervisor == "control":
        file.parent.mkdir(exist_ok=True)
        file.write_text(shape)
    return shape == file.read_text()


def test_answers(dom0, hypervisor):
    """The tools print what they print on Xen, values apart."""
    dom0.create("g")
    dom0.wait_up("g")
    wrong = []
    for name, ask in ANSWERS.items():
        shape = ask(dom0) + "\n"
        if not is_recorded(hypervisor, name, shape):
            wrong.append("%s:\n%s" % (name, shape))
    dom0.destroy("g")
    assert not wrong, "\n".join(wrong)


def test_session(dom0, hypervisor):
    """So do those that change something, and those that must fail."""
    said = session(dom0)
    assert is_recorded(hypervisor, "session", said), said


def test_end(dom0):
    dom0.power_off()
