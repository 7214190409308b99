#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What calls cost a guest: Lodge beside Debian's Xen 4.17.

The guest tests/guests/calls runs on both in QEMU with -icount, so that its TSC
counts instructions: the same figures on any machine, however busy. Xen's
mitigations are off (spec-ctrl=no xpti=no), as Lodge has none to turn on yet.
Prints a table with ratios and keeps it as build/bench/calls.json.
"""
import json
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
GUEST = TREE / "build" / "guests" / "calls.elf"
RESULT = TREE / "build" / "bench" / "calls.json"
SIDES = {
    "lodge": (TREE / "build" / "lodge.elf", ""),
    "xen-4.17": (TREE / "build" / "dom0" / "xen.elf",
                 "spec-ctrl=no xpti=no"),
}
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,-smap,-smep",
        "-m", "512", "-smp", "1", "-icount", "shift=0", "-nographic",
        "-no-reboot", "-monitor", "none"]
COMMAND_LINE = "console=com1 com1=115200 dom0_mem=128M noreboot"
# A machine that hangs is found by this; it is no part of the measurement.
LIMIT_S = 300

BENCH = re.compile(r"^BENCH (\S+) (\d+)\r?$")
VERDICT = re.compile(r"^VERDICT calls: (\w+)")


def measure(image, options):
    """Boot the guest on @image; its figures by name."""
    command = QEMU + ["-kernel", str(image),
                      "-append", f"{COMMAND_LINE} {options}".strip(),
                      "-initrd", f"{GUEST} bench"]
    figures, verdict = {}, None
    with subprocess.Popen(["timeout", str(LIMIT_S)] + command,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, errors="replace") as machine:
        for line in machine.stdout:
            if match := BENCH.match(line):
                figures[match[1]] = int(match[2])
            if match := VERDICT.match(line):
                verdict = match[1]
                machine.terminate()
                break
    if verdict != "success":
        sys.exit(f"calls on {image}: no success but {verdict}")
    return figures


def table(results):
    """The figures side by side, with ratios, as text."""
    ours, theirs = results["lodge"], results["xen-4.17"]
    lines = [f"{'instructions per call':24}{'lodge':>9}{'xen-4.17':>10}"
             f"{'ratio':>8}"]
    for name, count in ours.items():
        ratio = f"{count / theirs[name]:.2f}" if theirs[name] else "-"
        lines.append(f"{name:24}{count:9}{theirs[name]:10}{ratio:>8}")
    return "\n".join(lines)


def main():
    """Measure both sides, print and keep the result."""
    results = {side: measure(*what) for side, what in SIDES.items()}
    print(table(results))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
