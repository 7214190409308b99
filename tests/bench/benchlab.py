# SPDX-License-Identifier: MIT
"""What the benchmarks share: the sides, the emulators, one measured run.

A run is a machine with one CPU under `-icount shift=0`: its TSC counts
instructions, so that figures do not depend on how fast or busy the host is.
With "sleep=off" an idle machine's clock goes on to the next timer at once.
The plugin count.c tells beside it how many of them were the hypervisor's own.
"""
import dataclasses
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = TREE / "build"
RESULTS = BUILD / "bench"
QEMU_10 = BUILD / "pkg" / "qemu-10"
LODGE, XEN = "lodge", "xen-4.17"
SIDES = {LODGE: BUILD / "lodge.elf", XEN: BUILD / "dom0" / "xen.elf"}
CONSOLE = "console=com1 com1=115200"
QEMU_OPTIONS = ["-accel", "tcg", "-smp", "1", "-icount", "shift=0,sleep=off",
                "-nographic", "-no-reboot", "-monitor", "none",
                "-nic", "none"]
# A machine that hangs is found by this; it is no part of the measurement.
LIMIT_S = 1500


@dataclasses.dataclass
class Emulator:
    """A QEMU: how its command begins, its environment, its plugin."""
    command: list
    environment: dict
    plugin: pathlib.Path


def qemu_10():
    """Debian's backport, unpacked but not installed.

    Its x2APIC's timer does not go together with -icount.
    """
    libraries = [str(QEMU_10 / where / "x86_64-linux-gnu")
                 for where in ("usr/lib", "lib")]
    share = QEMU_10 / "usr" / "share"
    return Emulator(
        [str(QEMU_10 / "usr/bin/qemu-system-x86_64"),
         "-L", str(share / "qemu"), "-L", str(share / "seabios"),
         "-cpu", "max,-x2apic"],
        dict(os.environ, LD_LIBRARY_PATH=":".join(libraries),
             QEMU_MODULE_DIR=str(QEMU_10 / "usr/lib/x86_64-linux-gnu/qemu")),
        RESULTS / "count-4.so")


def qemu_7():
    """Debian 12's. PV kernels die there with SMAP and SMEP, on any side."""
    return Emulator(["qemu-system-x86_64", "-cpu", "max,-smap,-smep"], None,
                    RESULTS / "count-1.so")


# name: (emulator, options of the hypervisor, options of Linux)
SETTINGS = {
    "mitigations off": (qemu_7, "spec-ctrl=no xpti=no", "mitigations=off"),
    "defaults, SMEP and SMAP": (qemu_10, "", ""),
}

VERDICT = re.compile(r"^VERDICT (\S+) (\w+)")
# What is said when there will be no verdict any more, by either hypervisor.
DEATH = re.compile(r"The machine has halted|halting machine|"
                   r"Kernel panic - not syncing|Panic on CPU")


# What batch.c prints of a path.
SAMPLES = re.compile(r"^SAMPLES (\S+) (\d+) ([\d ]+)$")
KINDS = "all", "hypervisor"


def read_counts(out):
    """The numbers of each line that the plugin wrote."""
    return [list(map(int, line.split()[1:]))
            for line in out.read_text().splitlines()]


def batches_of(lines, counts):
    """{name: (steps of a batch, [ticks], [counts])}."""
    paths, left = {}, [count for (count,) in counts]
    for match in filter(None, map(SAMPLES.match, lines)):
        name, steps, ticks = match[1], int(match[2]), match[3].split()
        own, left = left[:len(ticks)], left[len(ticks):]
        if len(own) != len(ticks):
            sys.exit(f"{name}: {len(ticks)} batches, {len(own)} counts")
        of_path = paths.setdefault(name, (steps, [], []))
        of_path[1].extend(map(int, ticks))
        of_path[2].extend(own)
    if left or not paths:
        sys.exit(f"{len(paths)} paths, {len(left)} counts left")
    return paths


def path_figures(lines, counts):
    """{kind: {name: per step}}; @counts has one for each batch, in the order
    of @lines. A path that comes several times has all those batches."""
    figures = {kind: {} for kind in KINDS}
    for name, (steps, *both) in batches_of(lines, counts).items():
        for kind, batches in zip(KINDS, both):
            figures[kind][name] = round(statistics.median(batches) / steps)
    return figures


class Run:
    """One machine, until its verdict, its death, or what the plugin wants.

    lines: what it said; counts: the numbers of each line of the plugin.
    """

    def __init__(self, emulator, arguments, plugin_arguments="", until=None):
        self.lines, self.counts, self.verdict = [], [], None
        with tempfile.TemporaryDirectory(prefix="lodge-") as scratch:
            out = pathlib.Path(scratch, "counts")
            plugin = f"{emulator.plugin},out={out}{plugin_arguments}"
            self.read(emulator.command + QEMU_OPTIONS + ["-plugin", plugin]
                      + arguments, emulator.environment, until)
            if out.exists():
                self.counts = read_counts(out)

    def read(self, command, environment, until):
        """Follow the console up to the verdict, a death, the line @until."""
        with subprocess.Popen(["timeout", str(LIMIT_S)] + command,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace", env=environment) as machine:
            for line in machine.stdout:
                self.lines.append(line.strip("\r\n"))
                match = VERDICT.match(self.lines[-1])
                if match:
                    self.verdict = match[2]
                if match or DEATH.search(line) or until and until in line:
                    machine.terminate()
                    break

    def require_success(self, what):
        """Without a good verdict there are no figures."""
        if self.verdict != "success":
            sys.exit("\n".join(self.lines[-20:])
                     + f"\n{what}: no success but {self.verdict}")


def first_line(command, environment=None):
    """The first line that a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True, env=environment
                          ).stdout.splitlines()[0]


def about():
    """What was measured, with what."""
    emulators = [emulator() for emulator, _, _ in SETTINGS.values()]
    return {
        "lodge": first_line(["git", "-C", str(TREE), "describe", "--always",
                             "--dirty"]),
        "date": datetime.date.today().isoformat(),
        "emulators": [first_line([one.command[0], "--version"],
                                 one.environment) for one in emulators],
    }


def keep(name, results):
    """Write @results where the report finds them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"about": about(), "results": results},
                               indent=1) + "\n")


def ratio(ours, theirs):
    """Ours over theirs as text; "-" where theirs is nothing."""
    return f"{ours / theirs:.2f}" if theirs else "-"


def require_same_names(ours, theirs):
    """A figure that one side lacks is no comparison."""
    if unequal := set(ours) ^ set(theirs):
        sys.exit(f"on one side only: {', '.join(sorted(unequal))}")


def table(title, ours, theirs):
    """Figures of the same names side by side, with ratios, as text."""
    require_same_names(ours, theirs)
    lines = [title, f"{'':28}{LODGE:>12}{XEN:>12}{'ratio':>8}"]
    for name, figure in ours.items():
        other = theirs[name]
        lines.append(f"{name:28}{figure:12}{other:12}"
                     f"{ratio(figure, other):>8}")
    return "\n".join(lines) + "\n"
