# SPDX-License-Identifier: MIT
"""ledger.py - what the hypervisor has given away, to be compared

Of the control only what xl info tells; of ours also the debug keys' answers:
every free frame, the grants and the event channels in use, and the audit of
Dom0's page tables, which must find no error.
"""
import re

OTHERS = re.compile(r"\bd[1-9]\d*\b")
# Whether a port is pending or masked at this moment.
FLAGS = re.compile(r" [p-][m-] ")


def messages(dom0, key):
    """What the hypervisor says to a debug key."""
    dom0.check("xl dmesg -c >/dev/null")
    dom0.check("xl debug-keys " + key)
    return dom0.check("xl dmesg")


def read(dom0, hypervisor):
    """Everything that must be as before when a guest has gone."""
    if hypervisor == "control":
        return {"free": dom0.free_mib()}
    text = messages(dom0, "T")
    audit = re.search(r"audit: (d0: \d+ frames), (\d+) errors, held by "
                      r"others: (.*)", text)
    assert audit and audit.group(2) == "0", text
    memory = re.search(r"Memory: (\d+) of \d+ frames free",
                       messages(dom0, "m"))
    grants = messages(dom0, "g")
    ports = FLAGS.sub(" ", messages(dom0, "e"))
    return {"audit": audit.group(1), "held": audit.group(3),
            "free": int(memory.group(1)),
            "domains": re.findall(r"(d\d+): state (\d+) refs \d+ pages (\d+)",
                                  messages(dom0, "q")),
            "grants": grants, "ports": ports,
            "others": OTHERS.findall(grants + ports)}
