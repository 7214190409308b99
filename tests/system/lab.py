# SPDX-License-Identifier: MIT
"""lab.py - machines in QEMU for the system tests

A Machine is one run of QEMU: a hypervisor, Dom0's kernel and initramfs,
processors, disks, one network card. Its only channel is the serial console,
logged whole under build/logs/. The steps of a test:

    with Machine("name", hypervisor="release", smp=2) as machine:
        machine.wait_shell()
        machine.check("mount /dev/vda /mnt")      must succeed
        status, output = machine.run("uname -r")
        machine.power_off()

State: starting --wait_shell()--> command loop --power_off()--> ended. All
waiting is for something on the console, with a limit that only a machine that
hangs meets; a machine that ends or dies early is noticed at once.

Commands. After the login shell's prompt the console is switched to a loop that
reads one line at a time in the terminal's plain line mode. A command is sent
in pieces, each after the echo of the one before: a console has no flow
control and short buffers, and this way nothing is lost however slow the
machine. The end of the output is marked by a number that the echo does not
contain.
"""
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import tempfile

import pexpect

import disc
import where

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
LOGS = BUILD / "logs"

# The same with names; the control's are nobody's business.
SYMBOLS = {
    "release": BUILD / "lodge.sym.elf",
    "debug": BUILD / "debug" / "lodge.sym.elf",
}

HYPERVISORS = {
    "release": BUILD / "lodge.elf",
    "debug": BUILD / "debug" / "lodge.elf",
    "control": BUILD / "dom0" / "xen.elf",
}

# Quiets and quickens Linux under emulation; one boot test goes without.
QUICK = "mitigations=off rodata=off audit=0"

BOOT_LIMIT_S = 240
COMMAND_LIMIT_S = 120
OFF_LIMIT_S = 60
ECHO_LIMIT_S = 60
PIECE = 48

PROMPT = r"dom0:[^ \r\n]*# "
# What a dying machine says; the rest is in the log.
DEATHS = (r"Kernel panic - not syncing[^\r\n]*",
          r"\((?:XEN|lodge)\) Panic on CPU[^\r\n]*")


class LabError(Exception):
    """The machine did not do what the test needs."""


class EmulatorCrash(LabError):
    """QEMU itself died of a signal: nothing was learned of the machine.

    QEMU 7.2 does so once in some hundred boots with two processors, at the
    moment when Linux moves a PCI device's registers.
    """


def plain(data):
    """Console bytes as text; each device on the way added its own \\r."""
    return data.decode(errors="replace").replace("\r", "")


def read_monitor(link):
    """What the monitor says up to its prompt."""
    data = b""
    while not data.endswith(b"(qemu) "):
        more = link.recv(4096)
        if not more:
            raise LabError("the monitor is gone: " + plain(data))
        data += more
    return plain(data[:-len(b"(qemu) ")])


def free_port():
    """A TCP port that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@dataclasses.dataclass
class Disk:
    """A disk: @path is opened so that it stays unchanged."""
    path: pathlib.Path
    keep: bool = False          # write to the file itself
    device: str = "virtio-blk-pci"      # QEMU's, with its properties

    def arguments(self, number):
        snapshot = "off" if self.keep else "on"
        return ["-drive", "file=%s,if=none,id=disk%d,format=raw,snapshot=%s,"
                "cache=unsafe" % (self.path, number, snapshot),
                "-device", "%s,drive=disk%d" % (self.device, number)]


@dataclasses.dataclass
class Emulator:
    """A QEMU: the installed one, or one unpacked below @root."""
    root: pathlib.Path = None

    def command(self):
        """How its command line begins."""
        if not self.root:
            found = shutil.which("qemu-system-x86_64")
            if not found:
                raise LabError("qemu-system-x86_64 is missing: use make test")
            return [found]
        program = self.root / "usr/bin/qemu-system-x86_64"
        if not program.exists():
            raise LabError("%s is missing: use make test-full" % program)
        firmware = []
        for directory in "qemu", "seabios":
            firmware += ["-L", str(self.root / "usr/share" / directory)]
        return [str(program)] + firmware

    def environment(self):
        """What it needs to find its own libraries, and no others."""
        if not self.root:
            return None
        libraries = [str(self.root / directory) for directory in
                     ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")]
        return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries),
                    QEMU_MODULE_DIR=str(
                        self.root / "usr/lib/x86_64-linux-gnu/qemu"))


INSTALLED = Emulator()
QEMU_10 = Emulator(BUILD / "pkg" / "qemu-10")


class Machine:
    """One run of QEMU; see the head of this file."""

    # How many times slower than QEMU it is: the limits are as much longer.
    slower = 1

    def __init__(self, name, hypervisor="release", *, kernel="vmlinux",
                 smp=1, memory_mib=2048, dom0_mib=1024, disks=(),
                 nic="virtio-net-pci", appended=(), kernel_args=QUICK,
                 forward=None, hypervisor_args="", reboots=False,
                 cpu="max,-smap,-smep", machine="pc", devices=(),
                 grub="", emulator=INSTALLED):
        self.name = name
        self.hypervisor = hypervisor
        self.kernel = BUILD / "dom0" / kernel
        self.smp = smp
        # A number, or all that QEMU's -m takes.
        self.memory_mib = memory_mib
        self.disks = disks
        # QEMU's device with its properties; "": no network.
        self.nic = nic
        self.machine = machine
        # More of QEMU's arguments.
        self.devices = devices
        # GRUB's first commands, if GRUB is to load all from a CD.
        self.grub = grub
        self.emulator = emulator
        # A TCP port of the machine that can be reached from the host.
        self.forward = forward
        self.forwarded_port = free_port() if forward else None
        self.cpu = cpu
        self.reboots = reboots
        self.kernel_args = "console=hvc0 earlyprintk=xen " \
            + kernel_args
        # None: all that the hypervisor can spare.
        dom0_mem = "dom0_mem=%dM " % dom0_mib if dom0_mib else ""
        self.hypervisor_args = "console=com1 com1=115200 " + dom0_mem \
            + hypervisor_args
        self.scratch = tempfile.mkdtemp(prefix="lodge-")
        self.monitor_path = self.scratch + "/monitor"
        self.initramfs = self.join([BUILD / "dom0" / "initramfs.cpio",
                                    *appended])
        self.log_path = LOGS / (name + ".log")
        self.log = None
        self.child = None
        self.in_loop = False
        self.commands = 0

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def join(self, archives):
        """One archive after the other is one initramfs to Linux."""
        if len(archives) == 1:
            return archives[0]
        joined = pathlib.Path(self.scratch, "initramfs.cpio")
        with joined.open("wb") as out:
            for archive in archives:
                out.write(pathlib.Path(archive).read_bytes())
        return joined

    def command_line(self):
        """QEMU's command, as a list."""
        image = HYPERVISORS.get(self.hypervisor, self.hypervisor)
        for needed in (image, self.kernel, self.initramfs):
            if not pathlib.Path(needed).exists():
                raise LabError("%s is missing: use make" % needed)
        monitor = "unix:%s,server=on,wait=off" % self.monitor_path
        command = self.emulator.command()
        command += ["-machine", self.machine, "-accel", "tcg",
                    "-cpu", self.cpu, "-m", str(self.memory_mib),
                    "-smp", str(self.smp),
                    "-display", "none", "-monitor", monitor,
                    "-chardev", "stdio,id=console,signal=off",
                    "-serial", "chardev:console"]
        if self.grub:
            iso = disc.of_machine(self, image, self.grub)
            command += ["-cdrom", str(iso), "-boot", "d"]
        else:
            command += ["-kernel", str(image),
                        "-append", self.hypervisor_args, "-initrd",
                        "%s %s,%s" % (self.kernel, self.kernel_args,
                                      self.initramfs)]
        if not self.reboots:
            command.append("-no-reboot")
        command += self.devices
        for number, disk in enumerate(self.disks):
            command += disk.arguments(number)
        if self.nic:
            rule = ""
            if self.forward:
                rule = ",hostfwd=tcp:127.0.0.1:%d-:%d" % (
                    self.forwarded_port, self.forward)
            command += ["-netdev", "user,id=net" + rule,
                        "-device", self.nic + ",netdev=net,romfile="]
        else:
            command += ["-nic", "none"]
        return command

    def start(self):
        """Start QEMU; returns at once."""
        command = self.command_line()
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = open(self.log_path, "wb")
        self.child = pexpect.spawn(command[0], command[1:], timeout=None,
                                   logfile=None, echo=False,
                                   env=self.emulator.environment())
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def close(self):
        """End QEMU, whatever it is doing."""
        if self.child:
            self.child.close(force=True)
            self.child = None
        if self.log:
            self.log.close()
            self.log = None
        shutil.rmtree(self.scratch, ignore_errors=True)

    # -- console ------------------------------------------------------------

    def expect(self, pattern, limit_s, what, deaths=DEATHS):
        """Wait for @pattern; returns the match. LabError says what failed."""
        limit_s *= self.slower
        patterns = [pattern, pexpect.EOF, pexpect.TIMEOUT]
        patterns += [death.encode() for death in deaths]
        index = self.child.expect(patterns, timeout=limit_s)
        if index == 0:
            return self.child.match
        if index == 1:
            self.check_emulator(what)
            raise self.trouble(what + ": the machine ended")
        if index == 2:
            raise self.trouble("%s: not within %d s\n%s" % (
                what, limit_s, where.text(self)))
        died = self.child.match.group(0).decode(errors="replace")
        # Let the rest of its last words reach the log.
        self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=3)
        raise self.trouble("%s: %s" % (what, died))

    def check_emulator(self, what):
        """The console is gone: was that the machine's own doing?"""
        self.child.wait()
        if self.child.signalstatus:
            raise EmulatorCrash("%s: QEMU died of signal %d\n[%s]" % (
                what, self.child.signalstatus, self.log_path))

    def trouble(self, text):
        """An exception with the end of the log."""
        self.log.flush()
        tail = self.console()[-3000:]
        return LabError("%s\n[%s]\n...%s" % (text, self.log_path, tail))

    def console(self):
        """All that the console has shown."""
        self.log.flush()
        return plain(self.log_path.read_bytes())

    def wait_shell(self):
        """Wait for the login shell, then switch to the command loop."""
        self.expect(PROMPT.encode(), BOOT_LIMIT_S, "login shell")
        self.start_loop()

    def start_loop(self):
        # The shell's editor leaves the terminal in line mode when it runs
        # a command: only then may the first piece be sent.
        self.child.send("dmesg -n 1\n")
        self.expect(PROMPT.encode(), ECHO_LIMIT_S, "prompt")
        self.child.send("echo loop=$((6*7)); while IFS= read -r l; "
                        "do eval \"$l\"; done\n")
        self.expect(rb"loop=42\r*\n", ECHO_LIMIT_S, "command loop")
        self.in_loop = True

    def send_line(self, line):
        """Send @line in pieces, each after the echo of the last."""
        for start in range(0, len(line), PIECE):
            piece = line[start:start + PIECE]
            self.child.send(piece)
            self.expect(re.escape(piece.encode()), ECHO_LIMIT_S,
                        "echo of a command")
        self.child.send("\n")
        self.expect(rb"\r*\n", ECHO_LIMIT_S, "echo of a command")

    def run(self, command, limit_s=COMMAND_LIMIT_S):
        """Run one line of shell; returns (exit status, output)."""
        assert self.in_loop and "\n" not in command
        self.commands += 1
        mark = "=%d=" % self.commands
        self.send_line("( %s ) 2>&1 </dev/null; echo \"%s$?=\""
                       % (command, mark))
        match = self.expect(mark.encode() + rb"(\d+)=\r*\n", limit_s, command)
        return int(match.group(1)), plain(self.child.before)

    def check(self, command, limit_s=COMMAND_LIMIT_S):
        """Run one line of shell that must succeed; returns its output."""
        status, output = self.run(command, limit_s)
        if status != 0:
            raise LabError("%s: status %d\n%s" % (command, status, output))
        return output

    def symbols(self):
        """The hypervisor with the names of its functions; or nothing."""
        return SYMBOLS.get(self.hypervisor, "")

    def monitor(self, command):
        """Give QEMU's monitor one command; returns what it answers."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(COMMAND_LIMIT_S)
            link.connect(self.monitor_path)
            read_monitor(link)
            link.sendall(command.encode() + b"\n")
            # Its line editor echoes the command with escape sequences.
            answer = read_monitor(link).partition("\n")[2]
        if "Error" in answer:
            raise LabError("%s: %s" % (command, answer))
        return answer

    # -- ends ---------------------------------------------------------------

    def power_off(self):
        """Dom0 powers off and QEMU ends by itself, well."""
        self.send_line("poweroff")
        self.wait_end("power-off")

    def wait_end(self, what):
        """Wait until QEMU has ended by itself."""
        if self.child.expect([pexpect.EOF, pexpect.TIMEOUT],
                             timeout=OFF_LIMIT_S) != 0:
            raise self.trouble(what + ": still running after %d s"
                               % OFF_LIMIT_S)
        self.child.close()
        if self.child.exitstatus != 0:
            raise self.trouble("%s: QEMU's exit status is %s, signal %s"
                               % (what, self.child.exitstatus,
                                  self.child.signalstatus))
        self.in_loop = False


def kernel_messages(machine, clear=False):
    """Dom0's whole log: a list of (level, text without time stamp).

    With @clear the next call shows only what is new.
    """
    messages = parse_messages(machine.check("dmesg -r -c" if clear
                                            else "dmesg -r"))
    if not messages and not clear:
        raise LabError("dmesg is empty")
    return messages


def parse_messages(text):
    found = re.findall(r"^<(\d+)>(?:\[ *\d+\.\d+\] ?)?(.*)$", text, re.M)
    return [(int(level) & 7, message.rstrip("\r"))
            for level, message in found]


WARN = 4


def normalize(text):
    """A message without what differs from one run to the next."""
    text = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{6,}\b", "#", text)
    return re.sub(r"\d+", "#", text)


def warnings(messages):
    """The messages of level warning or worse: {normalized: text}."""
    return {normalize(text): text for level, text in messages
            if level <= WARN}


# What Linux says as Dom0 of Debian's Xen on the same machines too, and what
# depends on how busy the host is.
USUAL = re.compile(r"spinlock event irq|Grant table initialized|"
                   r"hpet_acpi_add: no address|fail to add MMCONFIG|"
                   r"hrtimer: interrupt took|"
                   r"perf: interrupt took too long|"
                   r"clocksource: Long readout interval|"
                   r"NR_CPUS/possible_cpus limit of \d+ reached|"
                   r"amd_pstate: the _CPC object is not present|"
                   r"Power-on or device reset occurred")


def complaints(machine):
    """What Dom0's kernel has warned of, but for the usual.

    Dom0 chooses: all of its log is a lot for a slow console, and stops that
    of Debian's Xen on Bochs for good. An empty log is an error.
    """
    said = machine.check("dmesg -r | awk -F '[<>]' '$2 %% 8 <= %d; "
                         "END { exit !NR }'" % WARN)
    return [text for text in warnings(parse_messages(said)).values()
            if not USUAL.search(text)]


# What a hypervisor says when something is wrong with it.
COMPLAINT = re.compile(r"\b(error|panic|bug|assert\w*|warning|fault|"
                       r"unexpected)\b", re.IGNORECASE)
OURS = re.compile(r"^\(lodge\) ?(.*)")


def hypervisor_complaints(machine):
    """The lines of our own hypervisor's log that tell of something wrong."""
    lines = [match.group(1) for match in
             map(OURS.match, machine.console().splitlines()) if match]
    if not lines and machine.hypervisor != "control":
        raise LabError("no line of the hypervisor's own")
    return [line for line in lines if COMPLAINT.search(line)]
