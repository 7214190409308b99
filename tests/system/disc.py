# SPDX-License-Identifier: MIT
"""disc.py - CDs from which GRUB starts a hypervisor and Dom0"""
import pathlib
import shutil
import subprocess

CONFIG = """\
set timeout=0
menuentry lodge {{
	{before}
	multiboot /boot/hypervisor {hypervisor_args}
	module /boot/kernel {kernel_args}
	{initramfs}
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


def of_machine(machine, image, before=""):
    """The CD that boots what @machine is made of, hypervisor file @image.

    @before: commands for GRUB before it loads anything.
    """
    files = {"hypervisor": image, "kernel": machine.kernel}
    if machine.initramfs:
        files["initramfs"] = machine.initramfs
    return make_iso(machine.scratch, files, CONFIG.format(
        before=before, hypervisor_args=machine.hypervisor_args,
        kernel_args=machine.kernel_args,
        initramfs="module /boot/initramfs" if machine.initramfs else ""))
