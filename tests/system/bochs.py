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
import os
import pathlib
import shutil
import socket
import subprocess

import pexpect
from pexpect import fdpexpect

import lab

ROOT = lab.BUILD / "pkg" / "bochs"
LIBRARIES = [ROOT / "lib/x86_64-linux-gnu", ROOT / "usr/lib/x86_64-linux-gnu"]
CONNECT_LIMIT_S = 60

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
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
"""

GRUB_CONFIG = """\
set timeout=0
menuentry lodge {{
	multiboot /boot/hypervisor {hypervisor_args}
	module /boot/kernel {kernel_args}
	module /boot/initramfs
}}
"""


def make_iso(directory, files, config):
    """An image that a PC boots from CD by GRUB; @files: {name: source}."""
    boot = pathlib.Path(directory, "iso", "boot")
    (boot / "grub").mkdir(parents=True)
    for name, source in files.items():
        shutil.copy(source, boot / name)
    (boot / "grub" / "grub.cfg").write_text(config)
    iso = pathlib.Path(directory, "boot.iso")
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc",
                    "-o", str(iso), str(boot.parent)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(boot.parent)
    return iso


class BochsMachine(lab.Machine):
    """One run of Bochs; see the head of this file."""

    # An interpreter, with GRUB's turn before.
    boot_limit_s = 4 * lab.BOOT_LIMIT_S

    def __init__(self, name, hypervisor="release", *,
                 cpu="corei7_haswell_4770", memory_mib=1024, dom0_mib=512,
                 **options):
        super().__init__(name, hypervisor, cpu=cpu, memory_mib=memory_mib,
                         dom0_mib=dom0_mib, nic="", **options)
        self.process = None

    def make_disc(self):
        image = lab.HYPERVISORS.get(self.hypervisor, self.hypervisor)
        files = {"hypervisor": image, "kernel": self.kernel,
                 "initramfs": self.initramfs}
        return make_iso(self.scratch, files, GRUB_CONFIG.format(
            hypervisor_args=self.hypervisor_args,
            kernel_args=self.kernel_args))

    def write_config(self, port):
        """Bochs's configuration, and the debugger's first command."""
        config = pathlib.Path(self.scratch, "bochsrc")
        config.write_text(CONFIG.format(
            share=ROOT / "usr/share/bochs", memory_mib=self.memory_mib,
            cpu=self.cpu, smp=self.smp, iso=self.make_disc(), port=port,
            log=self.scratch + "/bochs.log"))
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
        with socket.create_server(("127.0.0.1", 0)) as server:
            command = self.write_config(server.getsockname()[1])
            own_log = self.log_path.with_suffix(".bochs.log")
            with own_log.open("wb") as out:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out,
                    stderr=subprocess.STDOUT, env=environment,
                    cwd=self.scratch)
            server.settimeout(CONNECT_LIMIT_S)
            link, _ = server.accept()
        link.settimeout(None)
        self.child = fdpexpect.fdspawn(link.detach(), timeout=None)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

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
