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


# In turn: what a value is replaced by.
VALUES = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    # Of a domain, and of a vCPU; xentop has its own order.
    (r"(?<!\S)([r-][b-][p-]([s-][c-][d-])?|[d-][s-][b-][c-][p-][r-])(?!\S)",
     "STATE"),
    (r"\b[0-9a-f]{8,}\b|\d+(\.\d+)?", "N"),
)


def table(command):
    """The form of a command's answer: its words, all numbers alike."""
    def ask(dom0):
        text = dom0.check(command)
        for pattern, instead in VALUES:
            text = re.sub(pattern, instead, text)
        return "\n".join(" ".join(line.split())
                         for line in text.splitlines())
    return ask


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


def test_answers(dom0, hypervisor):
    """The tools print what they print on Xen, values apart."""
    dom0.create("g")
    dom0.wait_up("g")
    wrong = []
    for name, ask in ANSWERS.items():
        shape = ask(dom0) + "\n"
        file = SHAPES / (name + ".txt")
        if RECORD and hypervisor == "control":
            file.parent.mkdir(exist_ok=True)
            file.write_text(shape)
        if shape != file.read_text():
            wrong.append("%s:\n%s" % (name, shape))
    dom0.destroy("g")
    assert not wrong, "\n".join(wrong)


def test_end(dom0):
    dom0.power_off()
