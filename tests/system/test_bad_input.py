# SPDX-License-Identifier: MIT
"""test_bad_input.py - files and machines that cannot work, and one clear line

Whatever the boot loader or the firmware hands over, the answer is a sentence
that says what is wrong and what to do, and the announcement of a reset.
A triple fault would end QEMU before the sentence; it cannot look like one.
"""
import re
import struct

import pexpect
import pytest

import lab

# Debian's Xen has sentences of its own: there is no control here.
HYPERVISOR = "debug"
BOTH = pytest.mark.parametrize("build", ["release", "debug"])

LIMIT_S = 180
DOM0_RUNS = rb"\(lodge\) Dom0: (\d+) MiB"
CALLER = rb"Call trace:\r*\n\(lodge\) +\[<\w{16}>\] (\w+)\+0x"
PANIC = rb"\(lodge\) Panic on CPU \d+: ([^\r\n]*)\r*\n"

DOM0 = lab.BUILD / "dom0"
HELLO = lab.BUILD / "guests" / "hello.elf"
PAYLOAD = 0x248
SETUP_SECTS = 0x1f1
SECTOR = 512


class BareMachine(lab.Machine):
    """A machine with any modules, or none, and any kind of hardware."""

    def __init__(self, name, modules, *, build=HYPERVISOR, memory_mib=512,
                 cpu="max,-smap,-smep", hypervisor_args="", qemu_args=()):
        super().__init__(name, build, memory_mib=memory_mib, cpu=cpu, nic=None)
        self.hypervisor_args = "console=com1 com1=115200 " + hypervisor_args
        self.modules = modules
        self.qemu_args = qemu_args

    def command_line(self):
        command = super().command_line()
        at = command.index("-initrd")
        del command[at:at + 2]
        if self.modules:
            command += ["-initrd", ",".join(map(str, self.modules))]
        return command + list(self.qemu_args)

    def wait_for(self, pattern, what):
        """The first group of @pattern; any other end is a failure."""
        if self.child.expect([pattern, pexpect.EOF, pexpect.TIMEOUT],
                             timeout=LIMIT_S):
            raise self.trouble("no " + what)
        groups = self.child.match.groups()
        return lab.plain(groups[0]) if groups else None

    def refusal(self):
        """The sentence with which it gives up; a reset is announced."""
        sentence = self.wait_for(PANIC, "sentence of refusal")
        self.wait_for(CALLER, "call trace with names")
        self.wait_for(rb"Rebooting in \d+ seconds", "announced reset")
        return sentence


def refused(name, modules, *words, **options):
    """All of @words are in the one sentence."""
    with BareMachine(name, modules, **options) as machine:
        sentence = machine.refusal()
    assert [word for word in words if word not in sentence] == [], sentence


@pytest.fixture
def write(tmp_path):
    """Write a module; without a comma, which separates QEMU's."""
    made = []

    def write_file(data):
        path = tmp_path / ("module%d" % len(made))
        path.write_bytes(data)
        made.append(path)
        return path
    yield write_file
    for path in made:
        path.unlink()


# -- modules ----------------------------------------------------------------

@BOTH
def test_no_module(log_name, build):
    """Here it is also waited for: the reset comes."""
    with BareMachine(log_name, [], build=build) as machine:
        sentence = machine.refusal()
        machine.wait_end("reset")
    assert "No Dom0 kernel" in sentence
    assert "Add the kernel as the first one" in sentence


def test_foreign_module(log_name, write):
    text = write(b"set timeout=5\n" * 100)
    refused(log_name, [text], "ELF",
            "the first module has to be the kernel")


def test_initramfs_as_kernel(log_name):
    refused(log_name, [DOM0 / "initramfs.cpio"],
            "the first module has to be the kernel")


def test_truncated_elf(log_name, write):
    cut = write((DOM0 / "vmlinux").read_bytes()[:1 << 20])
    refused(log_name, [cut], "truncated", "get the file anew")


def test_truncated_bzimage(log_name, write):
    cut = write((DOM0 / "vmlinuz").read_bytes()[:4 << 20])
    refused(log_name, [cut], "truncated", "get the file anew")


def test_kernel_without_xen_notes(log_name, write):
    data = (DOM0 / "vmlinux").read_bytes()
    name = re.compile(rb"(\x04\0\0\0.{4}.{4})Xen\0", re.DOTALL)
    assert name.search(data)
    plain = write(name.sub(lambda match: match.group(1) + b"Non\0", data))
    refused(log_name, [plain], "no Xen notes",
            "give one built with CONFIG_XEN_PV")


def test_32_bit_kernel(log_name):
    # The hypervisor's own image is a 32-bit ELF program.
    refused(log_name, [lab.HYPERVISORS["release"]], "no 64-bit x86 kernel",
            "32-bit PV is not supported", "give an amd64 one")


def with_payload(change):
    """Debian's bzImage, with its compressed part changed by @change."""
    image = bytearray((DOM0 / "vmlinuz").read_bytes())
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    start = (image[SETUP_SECTS] + 1) * SECTOR + offset
    change(memoryview(image)[start:start + length])
    return image


def flip(at):
    def change(payload):
        payload[at] ^= 0x20
    return change


def test_damaged_xz_header(log_name, write):
    image = write(with_payload(flip(8)))
    refused(log_name, [image], "xz data", "damaged",
            "get the file anew")


def test_damaged_xz_data(log_name, write):
    image = write(with_payload(flip(200000)))
    refused(log_name, [image], "xz data", "damaged",
            "get the file anew")


def test_wrong_unpacked_size(log_name, write):
    def change(payload):
        payload[-4:] = b"\xff\xff\xff\x7f"
    image = write(with_payload(change))
    refused(log_name, [image], "size", "get the file anew")


def test_unknown_compression(log_name, write):
    def change(payload):
        payload[:8] = b"BZh91AY&"
    image = write(with_payload(change))
    refused(log_name, [image], "bzip2",
            "give one with xz, zstd, gzip or lz4")


# -- memory -----------------------------------------------------------------

def test_too_little_memory_to_unpack(log_name):
    refused(log_name, [DOM0 / "vmlinuz"], "they need more memory",
            "give the machine more", memory_mib=64)


@BOTH
def test_too_little_memory_to_begin(log_name, build):
    refused(log_name, [HELLO], "No memory for the frame table",
            "give the machine more", build=build, memory_mib=6)


def test_too_little_memory_for_a_small_dom0(log_name):
    refused(log_name, [HELLO], "Dom0 would have 0 MiB",
            "raise dom0_mem= or the machine's memory", memory_mib=16)


def test_too_little_memory_for_dom0(log_name):
    refused(log_name, [DOM0 / "vmlinux"], "Dom0 would have 32 MiB",
            "raise dom0_mem=", hypervisor_args="dom0_mem=32M")


def test_more_memory_for_dom0_than_there_is(log_name):
    """It gets what there is, and a warning says so."""
    with BareMachine(log_name, [HELLO],
                     hypervisor_args="dom0_mem=4G") as machine:
        asked, given = machine.wait_for(
            rb"(asks for \d+ MiB, Dom0 gets \d+)\D", "warning").split(",")
        runs = machine.wait_for(DOM0_RUNS, "Dom0")
    assert asked == "asks for 4096 MiB"
    assert given == " Dom0 gets " + runs


# -- machine ----------------------------------------------------------------

def test_no_timer(log_name):
    refused(log_name, [HELLO], "no usable timer",
            "turn one on in the firmware's setup",
            qemu_args=["-machine", "pc,hpet=off,pit=off", "-no-acpi"])


def test_no_local_apic(log_name):
    refused(log_name, [HELLO], "no local APIC",
            "turn it on in the firmware's setup",
            cpu="max,-smap,-smep,-apic")


def test_no_acpi(log_name):
    refused(log_name, [HELLO], "no IO-APIC",
            "turn ACPI and the IO-APIC on in the firmware's setup",
            qemu_args=["-no-acpi"])


@pytest.mark.parametrize("cpu, words", [
    ("max,-lm", ("no 64-bit mode", "use another one")),
    ("max,-nx", ("no NX bit", "turn it on in the firmware's setup")),
], ids=["no-64-bit", "no-nx"])
def test_processor_lacks_what_we_need(log_name, cpu, words):
    """Said by the very first instructions, which then halt."""
    with BareMachine(log_name, [HELLO], cpu=cpu) as machine:
        sentence = machine.wait_for(rb"Lodge: ([^\r\n]*)\r*\n", "sentence")
    assert [word for word in words if word not in sentence] == [], sentence
