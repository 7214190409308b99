# SPDX-License-Identifier: MIT
"""test_grub.py - GRUB loads us by either multiboot, as QEMU's loader does

Version 2 is started the way Debian's scripts for GRUB write it down, with the
word that stands for a file's name, with the kernel as Debian ships it, and with
a module too many.
"""
import pytest

import disc
import lab

HEAD = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
"""
CONFIGS = {
    "multiboot": HEAD + """\
menuentry lodge {
	multiboot /boot/hypervisor console=com1 com1=115200 dom0_mem=1024M
	module /boot/kernel console=hvc0 panic=-1 %s
	module /boot/initramfs
}
""",
    "multiboot2": HEAD + """\
menuentry lodge {
	multiboot2 /boot/hypervisor placeholder console=com1 com1=115200 \\
		dom0_mem=1024M ucode=1
	module2 /boot/kernel placeholder console=hvc0 panic=-1 %s
	module2 --nounzip /boot/grub/grub.cfg
	module2 --nounzip /boot/initramfs
	module2 --nounzip /boot/grub/grub.cfg one too many
}
""",
}


KERNELS = {"multiboot": "vmlinux", "multiboot2": "vmlinuz"}


def make_iso(directory, image, protocol):
    """An image that a PC boots from CD, with GRUB on it."""
    dom0 = lab.BUILD / "dom0"
    files = {"hypervisor": image, "kernel": dom0 / KERNELS[protocol],
             "initramfs": dom0 / "initramfs.cpio"}
    return disc.make_iso(directory, files, CONFIGS[protocol] % lab.QUICK)


class GrubMachine(lab.Machine):
    """A machine that boots from CD."""

    def __init__(self, name, hypervisor, iso, **options):
        super().__init__(name, hypervisor, **options)
        self.iso = iso

    def command_line(self):
        command = super().command_line()
        for option in ("-kernel", "-append", "-initrd"):
            at = command.index(option)
            del command[at:at + 2]
        return command + ["-cdrom", str(self.iso), "-boot", "d"]


def boot(name, hypervisor, directory, protocol):
    """Boot from a new CD to the shell and off; returns the console."""
    iso = make_iso(directory, lab.HYPERVISORS[hypervisor], protocol)
    with GrubMachine(name, hypervisor, iso) as machine:
        machine.wait_shell()
        assert machine.check("cat /sys/hypervisor/type").strip() == "xen"
        machine.power_off()
        console = machine.console()
    iso.unlink()
    return console


def test_boot_by_grub(hypervisor, log_name, tmp_path):
    boot(log_name, hypervisor, tmp_path, "multiboot")


def test_boot_by_multiboot2(hypervisor, log_name, tmp_path):
    console = boot(log_name, hypervisor, tmp_path, "multiboot2")
    if hypervisor == "control":
        pytest.skip("booted; what it says of modules is not ours to judge")
    assert "loaded by GRUB 2" in console
    assert "of xz to" in console
    assert "unknown option" not in console
    assert "module 3 \"one too many\" is not used" in console
