#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot test guests on a hypervisor in QEMU and judge them by their console.

    tests/guests/run.py [--on control|lodge|lodge-debug|FILE] [GUEST ...]

Without names all guests of tests/guests/ run. A guest is booted once for its
ordinary tests and once more for each of its crash tests, in which the death
of the domain is the success. The exit status is that of the worst guest:
0 success or skip, 1 failure, 2 error (could not be tested).

guestkit/README.md describes the lines a guest prints. From Python:
run_guest(name, hypervisor) returns a Result.
"""
import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import selectors
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
GUESTS = TREE / "tests" / "guests"
HYPERVISORS = {
    "control": TREE / "build" / "dom0" / "xen.elf",
    "lodge": TREE / "build" / "lodge.elf",
    "lodge-debug": TREE / "build" / "debug" / "lodge.elf",
}
MACHINE = ["-accel", "tcg", "-m", "512", "-nographic", "-no-reboot",
           "-monitor", "none"]
COMMAND_LINE = "console=com1 com1=115200 dom0_mem=128M sync_console"
# A machine that hangs is found by this, not by patience.
LIMIT_S = 300
# A boot is begun anew if the emulator dies under it, so many times at most.
EMULATOR_CRASHES = 2

RANK = {"skip": 0, "success": 1, "error": 2, "failure": 3}
EXIT_STATUS = {"skip": 0, "success": 0, "failure": 1, "error": 2}

VERDICT = re.compile(r"VERDICT (\S+): (success|failure|error|skip) (\d+)")
TEST = re.compile(r"TEST (\S+): (success|failure|error|skip)")
CRASHTEST = re.compile(r"CRASHTEST (\S+)")
EXPECT = re.compile(r"EXPECT crash (\S+)")
CRASHED = re.compile(r"(Dom(ain)? ?0|d0v\d+)\b.*(crash|watchdog)|"
                     r"watchdog.* domain 0", re.I)
PANIC = re.compile(r"\bpanic\b|BUG at|Assertion .* failed|"
                   r"FATAL (TRAP|PAGE FAULT)", re.I)


@dataclasses.dataclass
class Result:
    """What became of one guest: the worst of its boots."""
    name: str
    outcome: str = "skip"
    checks: int = 0
    tests: dict = dataclasses.field(default_factory=dict)
    reason: str = ""
    log: str = ""

    def worsen(self, outcome, reason=""):
        """Take @outcome if it is worse than what was known."""
        if RANK[outcome] > RANK[self.outcome]:
            self.outcome = outcome
            self.reason = reason


def read_conf(name):
    """Settings of a guest: cpus, xen_args, guest_args."""
    conf = {}
    path = GUESTS / name / "guest.conf"
    if path.exists():
        for line in path.read_text().splitlines():
            key, eq, value = line.partition("=")
            if eq and not line.startswith("#"):
                conf[key.strip()] = value.strip()
    return conf


@dataclasses.dataclass
class Boot:
    """What a machine is to boot."""
    hypervisor: pathlib.Path
    hypervisor_args: str
    kernel: pathlib.Path
    kernel_args: str
    cpus: str


def boot_of(name, hypervisor, test, xen_args):
    """Guest @name on the image @hypervisor; @test: only that one."""
    conf = read_conf(name)
    words = [conf.get("guest_args"), test and f"test={test}"]
    return Boot(
        hypervisor=hypervisor,
        hypervisor_args=" ".join(filter(None, [
            COMMAND_LINE, conf.get("xen_args"), xen_args])),
        kernel=TREE / "build" / "guests" / f"{name}.elf",
        kernel_args=" ".join(filter(None, words)),
        cpus=conf.get("cpus", "1"))


class EmulatorCrash(Exception):
    """QEMU itself died, as 7.2 now and then does with two processors."""


def console_lines(process, limit_s):
    """Lines of the console until it ends or the time is up."""
    end = time.monotonic() + limit_s
    held, ended = b"", False
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if not selector.select(left):
                break
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                ended = True
                break
            *lines, held = (held + data).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace").rstrip("\r")
    if held:
        yield held.decode(errors="replace")
    if ended and process.wait() < 0:
        raise EmulatorCrash(f"the emulator died of signal "
                            f"{-process.returncode}")


@dataclasses.dataclass
class Qemu:
    """What guests usually run in; other emulators have console(), too."""
    command: tuple = ("qemu-system-x86_64",)
    environment: dict = None
    cpu: str = "max,-smap,-smep"

    @contextlib.contextmanager
    def console(self, boot):
        """Start @boot: the lines of its console; then end it."""
        arguments = MACHINE + [
            "-cpu", self.cpu, "-smp", boot.cpus,
            "-kernel", str(boot.hypervisor), "-append", boot.hypervisor_args,
            "-initrd", f"{boot.kernel} {boot.kernel_args}".rstrip()]
        with subprocess.Popen([*self.command, *arguments],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env=self.environment) as process:
            try:
                yield console_lines(process, LIMIT_S)
            finally:
                process.kill()


def judge(lines, result, echo):
    """Read one boot. Returns the names of the crash tests it announced."""
    crash_tests, expected, started = [], None, False
    for line in lines:
        result.log += line + "\n"
        if echo:
            print(line, flush=True)
        if PANIC.search(line):
            result.worsen("failure", f"the hypervisor died: {line.strip()}")
            return crash_tests
        if expected and CRASHED.search(line):
            result.tests[expected] = "success"
            result.checks += 1
            result.worsen("success")
            return crash_tests
        if CRASHED.search(line):
            result.worsen("failure", f"the domain died: {line.strip()}")
            return crash_tests
        started = started or line.startswith("GUEST ")
        if match := CRASHTEST.match(line):
            crash_tests.append(match[1])
        elif match := EXPECT.match(line):
            expected = match[1]
        elif match := TEST.match(line):
            result.tests[match[1]] = match[2]
        elif match := VERDICT.match(line):
            result.checks += int(match[3])
            result.worsen(match[2])
            return crash_tests
    if started:
        result.worsen("failure", "no verdict: the guest hung or was reset")
    else:
        result.worsen("error", "the guest never spoke")
    return crash_tests


def run_guest(name, hypervisor, test=None, echo=False, xen_args="",
              emulator=None):
    """Run guest @name on the image @hypervisor; @test: only that one.

    @xen_args is added to the hypervisor's command line; @emulator: as Qemu.
    """
    result = Result(name)
    emulator = emulator or Qemu()
    for needed in hypervisor, TREE / "build" / "guests" / f"{name}.elf":
        if not pathlib.Path(needed).exists():
            result.worsen("error", f"{needed} is missing")
            return result

    def boot(one, crashes=0):
        machine = boot_of(name, hypervisor, one, xen_args)
        try:
            with emulator.console(machine) as lines:
                return judge(lines, result, echo)
        except EmulatorCrash as crash:
            if crashes == EMULATOR_CRASHES:
                raise
            result.log += f"{crash}: begun anew\n"
        return boot(one, crashes + 1)

    for crash_test in boot(test):
        boot(crash_test)
    return result


def guest_names():
    """All guests, in alphabetical order."""
    return sorted({path.parent.name for path in GUESTS.glob("*/*.c")})


def report(result):
    """One line for the guest, and its failed checks."""
    print(f"{result.name}: {result.outcome} {result.checks} checks"
          + (f" ({result.reason})" if result.reason else ""), flush=True)
    for line in result.log.splitlines():
        if line.startswith(("FAILED", "ERROR", "SKIP", "NOTE")):
            print("   ", line)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("guests", nargs="*", metavar="GUEST")
    parser.add_argument("--on", default="lodge", metavar="HYPERVISOR",
                        help="control, lodge, lodge-debug or an image")
    parser.add_argument("--test", help="run only this test of the guests")
    parser.add_argument("--args", default="", metavar="WORDS",
                        help="more words for the hypervisor's command line")
    parser.add_argument("--cpu", default=Qemu.cpu, metavar="MODEL",
                        help="QEMU's processor, otherwise %(default)s")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="show the console")
    args = parser.parse_args()
    hypervisor = HYPERVISORS.get(args.on, pathlib.Path(args.on))
    worst = "skip"
    for name in args.guests or guest_names():
        result = run_guest(name, hypervisor, args.test, args.verbose,
                           args.args, Qemu(cpu=args.cpu))
        report(result)
        worst = max(worst, result.outcome, key=RANK.get)
    return EXIT_STATUS[worst]


if __name__ == "__main__":
    sys.exit(main())
