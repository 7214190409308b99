# SPDX-License-Identifier: MIT
"""kernels.py - ELF files with Xen's notes, and bzImages, made by a test"""
import gzip
import lzma
import struct

BASE = 0xffffffff80000000
START = 0x100000          # where the segment is, pseudo-physical
CODE = b"code" * 1024 + b"data" * 1024
(ENTRY, PAGE, VIRT_BASE, PADDR_OFFSET, XEN_VERSION, GUEST_OS, LOADER, FEATURES,
 SYMTAB, HV_START_LOW, INIT_P2M, MOD_START_PFN, SUPPORTED, PHYS32) = (
     1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 15, 16, 17, 18)
EHDR = 64
PHDR = 56
LOAD, NOTE = 1, 4

NOTES = {
    ENTRY: struct.pack("<Q", BASE + START + 16),
    PAGE: struct.pack("<Q", BASE + START + 4096),
    VIRT_BASE: struct.pack("<Q", BASE),
    XEN_VERSION: b"xen-3.0\0",
    GUEST_OS: b"test\0",
    LOADER: b"generic\0",
    FEATURES: b"!writable_page_tables|pae_pgdir_above_4gb",
    MOD_START_PFN: struct.pack("<I", 1),
}


def number(value):
    return struct.pack("<Q", value)


def pad(data, align=4):
    return data + b"\0" * (-len(data) % align)


def notes(values, name=b"Xen\0"):
    """The bytes of a segment of notes; those with None are left out."""
    return b"".join(
        struct.pack("<III", len(name), len(value), kind) + pad(name) +
        pad(value) for kind, value in values.items() if value is not None)


def segment(kind, offset, paddr, file_bytes, memory_bytes):
    return struct.pack("<IIQQQQQQ", kind, 7, offset, 0, paddr, file_bytes,
                       memory_bytes, 4096)


def header(count, **change):
    """An ELF header for @count segments behind it, with some fields changed."""
    fields = {"klass": 2, "data": 1, "type": 2, "machine": 62, "entry": START,
              "phoff": EHDR, "shoff": 0, "phentsize": PHDR, "phnum": count,
              "shnum": 0, "shstrndx": 0}
    fields.update(change)
    ident = b"\x7fELF" + bytes([fields["klass"], fields["data"], 1]) + bytes(9)
    return ident + struct.pack(
        "<HHIQQQIHHHHHH", fields["type"], fields["machine"], 1,
        fields["entry"], fields["phoff"], fields["shoff"], 0, EHDR,
        fields["phentsize"], fields["phnum"], 64, fields["shnum"],
        fields["shstrndx"])


def elf(change=None, loads=None, raw_notes=None, **fields):
    """A good kernel, but for notes in @change, its segments (paddr, file bytes,
    memory bytes), all of its notes, or fields of its header."""
    if loads is None:
        loads = [(START, len(CODE), len(CODE) + 4096)]
    noted = raw_notes if raw_notes is not None else \
        notes({**NOTES, **(change or {})})
    count = len(loads) + (1 if noted else 0)
    code_at = EHDR + PHDR * count
    table = b"".join(segment(LOAD, code_at, *load) for load in loads)
    if noted:
        table += segment(NOTE, code_at + len(CODE), 0, len(noted), 0)
    return header(count, **fields) + table + CODE + noted


def with_sections(sections, names, **change):
    """@elf() with sections (name offset, type, bytes), the last the names."""
    image = elf(**change)
    rows = []
    body = b""
    for name, kind, data in sections + [(0, 3, names)]:
        rows.append(struct.pack("<IIQQQQIIQQ", name, kind, 0, 0,
                                len(image) + len(body), len(data), 0, 0, 4, 0))
        body += pad(data)
    rest = elf(shoff=len(image) + len(body), shnum=len(rows),
               shstrndx=len(rows) - 1, **change)
    return rest + body + b"".join(rows)


def bzimage(payload, version=0x20f, sectors=3, length=None):
    """Linux, Documentation/x86/boot.rst: a header, and code with a payload."""
    image = bytearray((sectors + 1) * 512)
    image[0x1f1] = sectors
    image[0x1fe:0x200] = b"\x55\xaa"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<II", image, 0x248, 64,
                     len(payload) if length is None else length)
    return bytes(image) + bytes(64) + payload + b"rest"


def zstd(data):
    """A frame of plain blocks, with its size in the header."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0xa0]) + struct.pack("<I", len(data))
    parts = [data[i:i + 65536] for i in range(0, len(data), 65536)]
    for i, part in enumerate(parts):
        last = int(i == len(parts) - 1)
        frame += struct.pack("<I", last | len(part) << 3)[:3] + part
    return frame


def zstd_bomb(size):
    """The same of one byte in many blocks, without the size of all."""
    block = struct.pack("<I", 1 << 1 | (1 << 17) << 3)[:3] + b"x"
    last = struct.pack("<I", 1 | 1 << 1 | 1 << 3)[:3] + b"x"
    return b"\x28\xb5\x2f\xfd\x00\x50" + block * (size >> 17) + last


def lz4_block(data):
    """A block of literals only."""
    left = len(data) - 15
    head = b"\xf0" + b"\xff" * (left // 255) + bytes([left % 255])
    return struct.pack("<I", len(head) + len(data)) + head + data


def lz4(data):
    """The legacy frame that Linux uses."""
    step = 8 << 20
    return b"\x02\x21\x4c\x18" + b"".join(
        lz4_block(data[i:i + step]) for i in range(0, len(data), step))


PACKERS = {
    "gzip": gzip.compress,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32, filters=[
        {"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2}]),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstd,
    "lz4": lz4,
}


def payload(data, packer):
    """As Linux makes it: its size behind it, which gzip has by itself."""
    packed = PACKERS[packer](data)
    return packed + (b"" if packer == "gzip" else struct.pack("<I", len(data)))
