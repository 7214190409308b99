# SPDX-License-Identifier: MIT
"""where.py - what the processors of a machine that hangs are at

    where.text(machine)

asks QEMU's monitor twice: what is the same both times may be a loop. Addresses
in the hypervisor are given names; those of Dom0's kernel stay numbers.
"""
import bisect
import re
import subprocess
import time

REGISTERS = re.compile(r"CPU#(\d+)(.*?)(?=CPU#|\Z)", re.S)
WANTED = re.compile(r"\b(RIP|RSP|RFL|CR3)=\s*([0-9a-f]+)")
HALTED = re.compile(r"HLT=(\d)")
FAR = 1 << 20           # no function is so long


def symbols(image):
    """Addresses and names of the hypervisor's functions, sorted."""
    try:
        listed = subprocess.run(["nm", "-n", str(image)], check=True,
                                capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [(int(line.split()[0], 16), line.split()[2])
            for line in listed.splitlines()
            if re.match(r"[0-9a-f]+ [tT] ", line)]


def name(table, address):
    """"function+0x12", or nothing."""
    at = bisect.bisect_right(table, (address, "\x7f")) - 1
    if at < 0 or address - table[at][0] > FAR:
        return ""
    return " %s+%#x" % (table[at][1], address - table[at][0])


def sample(machine, table):
    lines = []
    for number, text in REGISTERS.findall(
            machine.monitor("info registers -a")):
        found = dict(WANTED.findall(text))
        halted = HALTED.search(text)
        lines.append("CPU %s: %s%s%s" % (
            number, " ".join("%s %s" % pair for pair in found.items()),
            name(table, int(found.get("RIP", "0"), 16)),
            " halted" if halted and halted[1] == "1" else ""))
    return lines


def text(machine):
    """A few lines for an error message; never fails."""
    table = symbols(machine.symbols())
    try:
        first = sample(machine, table)
        time.sleep(0.5)
        return "\n".join(first + sample(machine, table))
    except Exception as error:  # pylint: disable=broad-except
        return "(the monitor does not say where it is: %s)" % error
