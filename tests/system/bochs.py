# SPDX-License-Identifier: MIT
"""bochs.py - machines in Bochs for the system tests

Bochs knows processors that QEMU's translator does not (Haswell, Skylake-X with
AVX-512), and another chip set: an i440FX without any message-signalled
interrupts. A BochsMachine is used as a lab.Machine is, but boots by GRUB from
a CD and has neither network nor disks. Bochs is unpacked below build/pkg/bochs
(make test-full does that).

Its debugger is compiled in and wants the command to go on; a machine that is
switched off ends with exit status 1, so the log decides whether that was well.
"""
import contextlib
import dataclasses
import os
import pathlib
import subprocess
import time
import tty

import pexpect
from pexpect import fdpexpect

import disc
import lab

ROOT = lab.BUILD / "pkg" / "bochs"
LIBRARIES = [ROOT / "lib/x86_64-linux-gnu", ROOT / "usr/lib/x86_64-linux-gnu"]
OPEN_LIMIT_S = 60
SILENCE_LIMIT_S = 300

CONFIG = """\
display_library: rfb, options="timeout=0"
romimage: file={share}/BIOS-bochs-latest, options=fastboot
vgaromimage: file={share}/VGABIOS-lgpl-latest
memory: guest={memory_mib}, host={memory_mib}
cpu: model={cpu}, count={smp}, ips=50000000, reset_on_triple_fault=0, \
ignore_bad_msrs=1
clock: sync=none
boot: cdrom
ata0-master: type=cdrom, path={iso}, status=inserted
sound: driver=dummy
com1: enabled=1, mode=term, dev={terminal}
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
"""


class BochsMachine(lab.Machine):
    """One run of Bochs; see the head of this file."""

    # An interpreter, with GRUB's turn before.
    slower = 4

    def __init__(self, name, hypervisor="release", *,
                 cpu="corei7_haswell_4770", memory_mib=1024, dom0_mib=512,
                 **options):
        super().__init__(name, hypervisor, cpu=cpu, memory_mib=memory_mib,
                         dom0_mib=dom0_mib, nic="", **options)
        self.process = None

    def write_config(self, terminal):
        """Bochs's configuration, and the debugger's first command."""
        image = lab.HYPERVISORS.get(self.hypervisor, self.hypervisor)
        config = pathlib.Path(self.scratch, "bochsrc")
        config.write_text(CONFIG.format(
            share=ROOT / "usr/share/bochs", memory_mib=self.memory_mib,
            cpu=self.cpu, smp=self.smp, iso=disc.of_machine(self, image),
            terminal=terminal, log=self.scratch + "/bochs.log"))
        commands = pathlib.Path(self.scratch, "commands")
        commands.write_text("c\n")
        return [str(ROOT / "usr/bin/bochs-bin"), "-q", "-f", str(config),
                "-rc", str(commands)]

    def start(self):
        """Start Bochs; returns when it has opened its serial line."""
        if not (ROOT / "packages").exists():
            raise lab.LabError("Bochs is missing: use make test-full")
        plugins = ROOT / "usr/lib/x86_64-linux-gnu/bochs/plugins"
        environment = dict(
            os.environ, LD_LIBRARY_PATH=":".join(map(str, LIBRARIES)),
            LTDL_LIBRARY_PATH=str(plugins),
            BXSHARE=str(ROOT / "usr/share/bochs"))
        lab.LOGS.mkdir(parents=True, exist_ok=True)
        self.log = open(self.log_path, "wb")
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        terminal = os.ttyname(theirs)
        own_log = self.log_path.with_suffix(".bochs.log")
        with own_log.open("wb") as out:
            self.process = subprocess.Popen(
                self.write_config(terminal), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, env=environment,
                cwd=self.scratch)
        self.wait_open(terminal)
        # From now on the line ends when Bochs does.
        os.close(theirs)
        self.child = fdpexpect.fdspawn(ours, timeout=None)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def wait_open(self, terminal):
        """Wait until Bochs has opened its serial line."""
        files = pathlib.Path("/proc/%d/fd" % self.process.pid)
        for _ in range(OPEN_LIMIT_S * 10):
            with contextlib.suppress(FileNotFoundError):
                if terminal in [os.readlink(file) for file in
                                files.iterdir()]:
                    return
            if self.process.poll() is not None:
                raise lab.LabError("Bochs did not start\n[%s]"
                                   % self.log_path)
            time.sleep(0.1)
        raise lab.LabError("Bochs does not open its serial line")

    def close(self):
        """End Bochs, whatever it is doing."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.child:
            self.child.close()
            self.child = None
        super().close()

    def check_emulator(self, what):
        if self.process.wait() < 0:
            raise lab.EmulatorCrash("%s: Bochs died of signal %d\n[%s]" % (
                what, -self.process.returncode, self.log_path))

    def lines(self):
        """Lines of the console, until it ends or is silent for too long."""
        ends = [b"\n", pexpect.EOF, pexpect.TIMEOUT]
        while not (end := self.child.expect(ends, timeout=SILENCE_LIMIT_S)):
            yield self.child.before.decode(errors="replace").rstrip("\r")
        if ends[end] is pexpect.EOF:
            self.check_emulator(self.name)

    def wait_end(self, what):
        """Wait until the machine has been switched off."""
        if self.child.expect([pexpect.EOF, pexpect.TIMEOUT],
                             timeout=lab.OFF_LIMIT_S) != 0:
            raise self.trouble(what + ": still running after %d s"
                               % lab.OFF_LIMIT_S)
        self.process.wait()
        if "reboot: Power down" not in self.console():
            raise self.trouble(what + ": ended before")
        self.in_loop = False


@dataclasses.dataclass
class Guests:
    """What a small guest can run in; as Qemu of tests/guests/run.py."""
    cpu: str = "corei7_haswell_4770"
    name: str = "guest"

    @contextlib.contextmanager
    def console(self, boot):
        """Start @boot: the lines of its console; then end it."""
        machine = BochsMachine(self.name + "-bochs", boot.hypervisor,
                               cpu=self.cpu, memory_mib=512,
                               smp=int(boot.cpus))
        machine.kernel = boot.kernel
        machine.kernel_args = boot.kernel_args
        machine.hypervisor_args = boot.hypervisor_args
        machine.initramfs = None
        with machine:
            yield machine.lines()
