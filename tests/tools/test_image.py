# SPDX-License-Identifier: MIT
"""test_image.py - kernels of every kind, good and wrong, by lodge check

A case is a file and what is said about it behind "names FILE, which ". What the
process that reads them may do is tests/unit/test_image.c's subject.
"""
import bz2
import gzip
import lzma
import pathlib
import struct
import subprocess

import pytest

import kernels
from kernels import BASE, START, elf, number

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
LODGE = BUILD / "dom0-tools" / "asan" / "lodge"
GENERIC = ("; a PV guest starts from a 64-bit Linux bzImage, or from an ELF "
           "file with Xen's notes")
METHODS = "gzip, xz, lzma, zstd and lz4 are"
P2M = ", but must have it on a 512 GiB boundary outside the hypervisor's " \
    "range and its own"
MIB = 1 << 20
GOOD = elf()
XEN_START = 0xffff800000000000
ONE = len(kernels.CODE)


def says(image):
    return "is cut short: its %d bytes end before what it says is in them" % \
        len(image)


def damaged(packer):
    packed = bytearray(kernels.PACKERS[packer](GOOD))
    packed[-12:] = b"\xff" * 12
    return bytes(packed[:-4])


def wrong_size(packer):
    return kernels.bzimage(kernels.PACKERS[packer](GOOD) +
                           struct.pack("<I", len(GOOD) + 1))


def at_base(base, offset=START):
    """A kernel that begins at @base, and its notes there."""
    return elf({kernels.VIRT_BASE: number(base),
                kernels.ENTRY: number((base + offset) % (1 << 64)),
                kernels.PAGE: None})


SECTION_NOTES = kernels.notes(kernels.NOTES)
LEGACY = b"GUEST_OS=linux,XEN_VER=xen-3.0\0"

REFUSED = [
    # no image at all
    ("empty", b"", "is empty"),
    ("foreign", b"kernel", "is neither a Linux bzImage nor an ELF file"
     + GENERIC),
    ("zeroes", bytes(4096), "is neither a Linux bzImage nor an ELF file"
     + GENERIC),
    ("script", b"#!/bin/sh\n", "is neither a Linux bzImage nor an ELF file"
     + GENERIC),
    # cut short
    ("magic", GOOD[:4], says(GOOD[:4])),
    ("header", GOOD[:40], says(GOOD[:40])),
    ("table", GOOD[:100], says(GOOD[:100])),
    ("segment", GOOD[:2000], says(GOOD[:2000])),
    ("notes", GOOD[:-8], says(GOOD[:-8])),
    ("bz header", kernels.bzimage(b"x" * 8)[:0x220],
     says(kernels.bzimage(b"x" * 8)[:0x220])),
    ("bz payload", kernels.bzimage(b"x" * 800)[:-20],
     says(kernels.bzimage(b"x" * 800)[:-20])),
    ("bz length", kernels.bzimage(b"x" * 8, length=0xffffffff),
     says(kernels.bzimage(b"x" * 8))),
    ("far", elf(phoff=1 << 40), says(GOOD)),
    ("far wraps", elf(phoff=(1 << 64) - 56), says(GOOD)),
    # compression
    ("bzip2", bz2.compress(GOOD), "is compressed with bzip2, which is not "
     "supported; " + METHODS),
    ("lzo", b"\x89LZO\0\r\n" + GOOD, "is compressed with lzo, which is not "
     "supported; " + METHODS),
    ("bz bzip2", kernels.bzimage(bz2.compress(GOOD) + bytes(4)),
     "is compressed with bzip2, which is not supported; " + METHODS),
    ("bz unknown", kernels.bzimage(b"what is this?"), "is a Linux image with "
     "no known kind of kernel in it; " + METHODS.replace("are", "are known")),
    ("bz none", kernels.bzimage(b""), "is a Linux image with no known kind of "
     "kernel in it; " + METHODS.replace("are", "are known")),
    ("bz old", kernels.bzimage(b"x" * 8, version=0x207), "is a Linux image "
     "whose boot protocol is older than 2.08" + GENERIC),
    ("gzip text", gzip.compress(b"text"), "unpacks to what is no ELF file"
     + GENERIC),
    ("gzip nothing", gzip.compress(b""), "unpacks to what is no ELF file"
     + GENERIC),
    ("gzip short", gzip.compress(GOOD)[:100],
     "is damaged: what is compressed with gzip does not unpack"),
    ("gzip bomb", lambda: gzip.compress(bytes(257 * MIB), 1),
     "unpacks to more than 256 MiB"),
    ("xz bomb", lambda: lzma.compress(bytes(257 * MIB), preset=0),
     "unpacks to more than 256 MiB"),
    ("zstd bomb", kernels.zstd_bomb(257 * MIB),
     "unpacks to more than 256 MiB"),
    ("zstd says", kernels.zstd(b"x")[:5] + struct.pack("<I", 1 << 30) +
     kernels.zstd(b"x")[9:], "unpacks to more than 256 MiB"),
    ("in itself", gzip.compress(gzip.compress(GOOD)),
     "unpacks to what is no ELF file" + GENERIC),
    # of another kind
    ("32 bit", elf(klass=1), "is a 32-bit kernel; only 64-bit guests are "
     "supported"),
    ("no class", elf(klass=0), "is made for another machine than x86-64"),
    ("big endian", elf(data=2), "is made for another machine than x86-64"),
    ("arm", elf(machine=183), "is made for another machine than x86-64"),
    ("object", elf(type=1), "is an ELF file that cannot be started: its type "
     "is 1" + GENERIC),
    ("core", elf(type=4), "is an ELF file that cannot be started: its type "
     "is 4" + GENERIC),
    ("no table", elf(phnum=0), "has nothing to load"),
    ("long table", elf(phnum=129), "has a malformed table of segments"),
    ("odd table", elf(phentsize=57), "has a malformed table of segments"),
    ("many", elf(loads=[(START + i * 4096, 16, 4096) for i in range(65)]),
     "has a malformed table of segments"),
    # notes
    ("no notes", elf(raw_notes=b""), "has no Xen notes; Linux has them if it "
     "was built with CONFIG_XEN_PV"),
    ("GNU's", elf(raw_notes=kernels.notes({3: b"1234"}, b"GNU\0")), "has no "
     "Xen notes; Linux has them if it was built with CONFIG_XEN_PV"),
    ("legacy", kernels.with_sections([(1, 1, LEGACY)], b"\0__xen_guest\0",
                                     raw_notes=b""),
     "describes itself in the section __xen_guest, as kernels of before 2006 "
     "did; Xen's ELF notes are needed"),
    ("PVH", elf({kernels.ENTRY: None, kernels.PHYS32: number(START)}),
     "is made for PVH guests, and not for PV ones; Linux starts as either if "
     "it was built with CONFIG_XEN_PV"),
    ("odd number", elf({kernels.VIRT_BASE: b"123"}), "has a Xen note "
     "VIRT_BASE of 3 bytes, where a number of 4 or 8 bytes belongs"),
    ("no number", elf({kernels.MOD_START_PFN: b""}), "has a Xen note "
     "MOD_START_PFN of 0 bytes, where a number of 4 or 8 bytes belongs"),
    ("long note", elf(raw_notes=struct.pack("<III", 4, 1 << 31, 1) +
                      b"Xen\0" + bytes(64)), "has malformed notes"),
    ("long name", elf(raw_notes=struct.pack("<III", 0xffffffff, 8, 1) +
                      b"Xen\0" + bytes(64)), "has malformed notes"),
    ("large notes", elf(raw_notes=bytes(65537)), "has malformed notes"),
    ("feature", elf({kernels.FEATURES: b"pae_pgdir_above_4gb|!teleport"}),
     "needs a feature of Xen that is not known"),
    ("no feature", elf({kernels.FEATURES: b"!"}),
     "needs a feature of Xen that is not known"),
    ("loader", elf({kernels.LOADER: b"special\0"}), "wants another loader "
     "than \"generic\""),
    ("version", elf({kernels.XEN_VERSION: b"xen-2.0\0"}), "is made for "
     "another interface than \"xen-3.0\""),
    ("symbols", elf({kernels.SYMTAB: b"yes\0"}), "needs its symbol table "
     "loaded, which is not supported"),
    # segments
    ("none", elf(loads=[]), "has nothing to load"),
    ("empty ones", elf(loads=[(START, 0, 0)]), "has nothing to load"),
    ("beyond the file", elf(loads=[(START, 1 << 63, 1 << 63)]),
     says(GOOD)),
    ("small memory", elf(loads=[(START, 4096, 16)]), "has a segment of 4096 "
     "bytes with only 16 bytes of memory"),
    ("overlap", elf(loads=[(START, ONE, ONE), (START + 4096, 16, 16)]),
     "has segments that overlap, at 0xffffffff80101000"),
    ("same place", elf(loads=[(START, ONE, ONE), (START, 0, 1)]),
     "has segments that overlap, at 0xffffffff80100000"),
    ("below", elf({kernels.PADDR_OFFSET: number(START + 4096)}),
     "has a segment at 0xffffffff7ffff000, below its base address"),
    ("wraps", elf(loads=[(START, ONE, ONE), (1 << 63, 16, 16)]),
     "has a segment at 0x7fffffff80000000 whose end is beyond the last "
     "address"),
    ("ends late", elf(loads=[(START, ONE, ONE),
                             (0x7ffff000, 0, (1 << 64) - 1)]),
     "has a segment at 0xfffffffffffff000 whose end is beyond the last "
     "address"),
    ("too much", elf(loads=[(START, ONE, 64 * MIB)]), "needs 65 MiB to be "
     "loaded, but the guest has 64 MiB"),
    ("too far", elf(loads=[(START, ONE, ONE), (64 * MIB, 0, 4096)]),
     "needs 65 MiB to be loaded, but the guest has 64 MiB"),
    # addresses
    ("odd base", at_base(BASE + 1), "has the base address 0xffffffff80000001, "
     "which is no canonical one at the start of a page"),
    ("no base", at_base(1 << 60), "has the base address 0x1000000000000000, "
     "which is no canonical one at the start of a page"),
    ("in Xen", at_base(XEN_START + 4096), "has the base address "
     "0xffff800000001000, which is no canonical one at the start of a page"),
    ("hole", at_base((1 << 47) - MIB), "would be loaded from 0x7ffffff00000 "
     "to 0x800000003000, where the hypervisor is or no memory can be"),
    ("entry", elf({kernels.ENTRY: number(BASE)}), "has its entry at "
     "0xffffffff80000000, outside of its segments"),
    ("entry behind", elf({kernels.ENTRY: number(BASE + START + ONE + 4096)}),
     "has its entry at 0xffffffff80103000, outside of its segments"),
    ("header's entry", elf({kernels.ENTRY: None}), "has its entry at "
     "0x100000, outside of its segments"),
    ("odd page", elf({kernels.PAGE: number(BASE + START + 16)}), "has its "
     "hypercall page at 0xffffffff80100010, which is no page of its segments"),
    ("page behind", elf({kernels.PAGE: number(BASE + START + 3 * 4096)}),
     "has its hypercall page at 0xffffffff80103000, which is no page of its "
     "segments"),
    ("odd list", elf({kernels.INIT_P2M: number(4096)}), "wants its list of "
     "frames at 0x1000" + P2M),
    ("Xen's list", elf({kernels.INIT_P2M: number(XEN_START)}), "wants its "
     "list of frames at 0xffff800000000000" + P2M),
    ("own list", elf({kernels.INIT_P2M: number(0xffffff8000000000)}), "wants "
     "its list of frames at 0xffffff8000000000" + P2M),
    ("high Xen", elf({kernels.HV_START_LOW: number(XEN_START + 4096)}),
     "wants the hypervisor's range to begin at 0xffff800000001000 or above"),
]
REFUSED += [("damaged " + packer, damaged(packer), "is damaged: what is "
             "compressed with %s does not unpack" % packer)
            for packer in kernels.PACKERS if packer != "lzma"]
REFUSED += [("size " + packer, wrong_size(packer), "is damaged: it unpacks to "
             "%d bytes, but says %d" % (len(GOOD), len(GOOD) + 1))
            for packer in kernels.PACKERS]

ACCEPTED = [
    ("plain", GOOD),
    ("dynamic", elf(type=3)),
    ("no page", elf({kernels.PAGE: None})),
    ("4 bytes", elf({kernels.HV_START_LOW: struct.pack("<I", 5)})),
    ("a list", elf({kernels.INIT_P2M: number(1 << 39)})),
    ("high list", elf({kernels.INIT_P2M: number(0xffff880000000000)})),
    ("offset", elf({kernels.PADDR_OFFSET: number(START),
                    kernels.ENTRY: number(BASE),
                    kernels.PAGE: number(BASE + 4096)})),
    ("base 0", elf({kernels.VIRT_BASE: None, kernels.ENTRY: None,
                    kernels.PAGE: number(START)})),
    ("no symbols", elf({kernels.SYMTAB: b"no\0"})),
    ("features", elf({kernels.FEATURES: b"teleport||!dom0",
                      kernels.SUPPORTED: struct.pack("<I", 0xffffffff)})),
    ("neighbours", elf(loads=[(START + 8192, 0, 4096), (START, ONE, 8192)])),
    ("sections", kernels.with_sections([(1, 7, SECTION_NOTES)], b"\0.note\0",
                                       raw_notes=b"")),
    ("last MiB", elf(loads=[(START, ONE, ONE), (64 * MIB - 16, 0, 16)])),
]
ACCEPTED += [(packer, kernels.PACKERS[packer](GOOD))
             for packer in kernels.PACKERS]
ACCEPTED += [("bz " + packer, kernels.bzimage(kernels.payload(GOOD, packer)))
             for packer in kernels.PACKERS]
ACCEPTED += [("bz old sectors", kernels.bzimage(
    kernels.payload(GOOD, "gzip"), version=0x208))]


def check(place, kernel, memory=64):
    """Exit status and lines of lodge check of a guest with @kernel."""
    path = place / "guest.cfg"
    path.write_text('name = "g"\nmemory = %d\nkernel = "%s"\n'
                    % (memory, kernel))
    run = subprocess.run([LODGE, "check", path], capture_output=True,
                         encoding="utf-8", check=False)
    assert run.stderr == ""
    return run.returncode, run.stdout.splitlines()


@pytest.mark.parametrize("image, said", [case[1:] for case in REFUSED],
                         ids=[case[0] for case in REFUSED])
def test_refused(tmp_path, image, said):
    kernel = tmp_path / "k"
    kernel.write_bytes(image() if callable(image) else image)
    status, lines = check(tmp_path, kernel)
    quoted = str(kernel)
    quoted = quoted[:60] + ("..." if len(quoted) > 60 else "")
    assert lines == ['%s/guest.cfg:3: error: kernel names "%s", which %s'
                     % (tmp_path, quoted, said)]
    assert status == 1


@pytest.mark.parametrize("image", [case[1] for case in ACCEPTED],
                         ids=[case[0] for case in ACCEPTED])
def test_accepted(tmp_path, image):
    kernel = tmp_path / "k"
    kernel.write_bytes(image)
    status, lines = check(tmp_path, kernel)
    assert [line for line in lines if ": good: " not in line] == []
    assert status == 0


def test_much_to_load(tmp_path):
    """Segments that are one piece of the file, again and again."""
    kernel = tmp_path / "k"
    loads = [(START + i * 16 * MIB, 16 * MIB, 16 * MIB) for i in range(17)]
    kernel.write_bytes(elf(loads=loads))
    with open(kernel, "ab") as file:
        file.truncate(20 * MIB)
    status, lines = check(tmp_path, kernel, 1024)
    assert status == 1
    assert lines[0].endswith(", which has more than 256 MiB to load")


def test_large_file_is_not_unpacked(tmp_path):
    kernel = tmp_path / "k"
    kernel.write_bytes(gzip.compress(GOOD))
    with open(kernel, "ab") as file:
        file.truncate(128 * MIB + 1)
    status, lines = check(tmp_path, kernel)
    assert status == 1
    assert lines[0].endswith(", which is compressed and has 134217729 bytes, "
                             "which is more than 128 MiB")


@pytest.mark.parametrize("kernel", [
    BUILD / "dom0" / "vmlinuz", BUILD / "dom0" / "vmlinux",
    pytest.param(BUILD / "kernels" / "cloud" / "vmlinuz",
                 marks=pytest.mark.full),
    pytest.param(BUILD / "kernels" / "6.12" / "vmlinuz",
                 marks=pytest.mark.full)],
    ids=["xz", "plain", "cloud", "6.12"])
def test_debians_kernel(tmp_path, kernel):
    status, lines = check(tmp_path, kernel, 256)
    assert status == 0, lines
    status, lines = check(tmp_path, kernel, 32)
    assert status == 1
    assert " MiB to be loaded, but the guest has 32 MiB" in lines[0]


def test_control_is_no_guest(tmp_path):
    """Debian's Xen itself, which people write by mistake."""
    status, lines = check(tmp_path, BUILD / "dom0" / "xen.elf")
    assert status == 1
    assert lines[0].endswith("which is a 32-bit kernel; only 64-bit guests "
                             "are supported")
