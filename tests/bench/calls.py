#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What calls cost a guest: Lodge beside Debian's Xen 4.17, twice.

The guest tests/guests/calls runs on both in QEMU with -icount, so that its TSC
counts instructions: the same figures on any machine, however busy. Once with
Xen's mitigations off (spec-ctrl=no xpti=no), as Lodge has none to turn on yet;
once with what each does by default on a processor that has SMEP and SMAP
(QEMU 10). Prints tables with ratios and keeps them as build/bench/calls.json.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
GUEST = TREE / "build" / "guests" / "calls.elf"
RESULT = TREE / "build" / "bench" / "calls.json"
LODGE = TREE / "build" / "lodge.elf"
XEN = TREE / "build" / "dom0" / "xen.elf"
QEMU_10 = TREE / "build" / "pkg" / "qemu-10"
QEMU_OPTIONS = ["-accel", "tcg", "-m", "512", "-smp", "1",
                "-icount", "shift=0", "-nographic", "-no-reboot",
                "-monitor", "none"]
COMMAND_LINE = "console=com1 com1=115200 dom0_mem=128M noreboot"
# A machine that hangs is found by this; it is no part of the measurement.
LIMIT_S = 300


def qemu_10():
    """Command and environment of the QEMU that is unpacked, not installed.

    Its x2APIC's timer does not go together with -icount.
    """
    libraries = [str(QEMU_10 / where / "x86_64-linux-gnu")
                 for where in ("usr/lib", "lib")]
    share = QEMU_10 / "usr" / "share"
    return ([str(QEMU_10 / "usr/bin/qemu-system-x86_64"),
             "-L", str(share / "qemu"), "-L", str(share / "seabios"),
             "-cpu", "max,-x2apic"],
            dict(os.environ, LD_LIBRARY_PATH=":".join(libraries),
                 QEMU_MODULE_DIR=str(
                     QEMU_10 / "usr/lib/x86_64-linux-gnu/qemu")))


def qemu_7():
    """The same of Debian 12's."""
    return (["qemu-system-x86_64", "-cpu", "max,-smap,-smep"], None)


# name: emulator, options of Xen's
SETTINGS = {
    "mitigations off": (qemu_7, "spec-ctrl=no xpti=no"),
    "defaults, SMEP and SMAP": (qemu_10, ""),
}

BENCH = re.compile(r"^BENCH (\S+) (\d+)\r?$")
VERDICT = re.compile(r"^VERDICT calls: (\w+)")


def measure(image, options, emulator):
    """Boot the guest on @image; its figures by name."""
    qemu, environment = emulator()
    command = qemu + QEMU_OPTIONS + [
        "-kernel", str(image),
        "-append", f"{COMMAND_LINE} {options}".strip(),
        "-initrd", f"{GUEST} bench"]
    figures, verdict = {}, None
    with subprocess.Popen(["timeout", str(LIMIT_S)] + command,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, errors="replace",
                          env=environment) as machine:
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


def table(setting, ours, theirs):
    """The figures side by side, with ratios, as text."""
    lines = [f"{setting}: instructions per call",
             f"{'':24}{'lodge':>9}{'xen-4.17':>10}{'ratio':>8}"]
    for name, count in ours.items():
        ratio = f"{count / theirs[name]:.2f}" if theirs[name] else "-"
        lines.append(f"{name:24}{count:9}{theirs[name]:10}{ratio:>8}")
    return "\n".join(lines) + "\n"


def main():
    """Measure both sides, print and keep the result."""
    results = {}
    for setting, (emulator, options) in SETTINGS.items():
        ours = measure(LODGE, "", emulator)
        theirs = measure(XEN, options, emulator)
        print(table(setting, ours, theirs), flush=True)
        results[setting] = {"lodge": ours, "xen-4.17": theirs}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
