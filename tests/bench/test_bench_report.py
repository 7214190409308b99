# SPDX-License-Identifier: MIT
"""The benchmarks' own arithmetic: no emulator, only what is done with figures.

A count must go to the batch that it belongs to, a figure that one side lacks
must not pass, and the page of docs must have a place for each table.
"""
import struct

import pytest

import benchlab
import calls
import memory
import report
import start

CALLS = {"hypervisor": {"null_hypercall": 60, "iret": 80},
         "all": {"null_hypercall": 70, "iret": 90}}
CALLS_XEN = {"hypervisor": {"null_hypercall": 100, "iret": 100},
             "all": {"null_hypercall": 110, "iret": 110}}
LINUX = {"lodge": {"all": {"getpid": 400}, "hypervisor": {"getpid": 250}},
         "xen-4.17": {"all": {"getpid": 600}, "hypervisor": {"getpid": 400}}}
START = {kind: {"unpacked kernel": 2000, "kernel as shipped (xz)": 5000}
         for kind in start.KINDS}
# Bytes of code and data, without what is given back and what starts as zero.
SIZE_AIM = 400 << 10
RESULTS = {
    "calls": {setting: {"lodge": CALLS, "xen-4.17": CALLS_XEN}
              for setting in benchlab.SETTINGS},
    "linux": {setting: LINUX for setting in benchlab.SETTINGS},
    "pairs": {setting: {"lodge": CALLS, "xen-4.17": CALLS_XEN}
              for setting in benchlab.SETTINGS},
    "start": {setting: {"lodge": START, "xen-4.17": START}
              for setting in benchlab.SETTINGS},
    "memory": {"lodge": {"code": 1 << 20}, "xen-4.17": {"code": 1 << 21}},
}


def test_calls_get_their_counts():
    lines = ["GUEST calls", "BENCH empty_loop 1 1000", "FAILED BENCH",
             "BENCH iret 90 10", "VERDICT calls: success 1 checks"]
    assert calls.figures_of(lines, [[0], [805]]) == {
        "empty_loop": (1, 0), "iret": (90, 80)}


@pytest.mark.parametrize("counts", [[], [[1]], [[1], [2], [3]]])
def test_calls_without_their_counts_are_refused(counts):
    with pytest.raises(SystemExit):
        calls.figures_of(["BENCH a 1 1", "BENCH b 1 1"], counts)


def test_paths_are_medians_of_their_batches():
    lines = ["SAMPLES getpid 10 1000 9000 1100",
             "SAMPLES page_fault 2 40 44 42"]
    counts = [[500], [7000], [600], [8], [9], [10]]
    assert benchlab.path_figures(lines, counts) == {
        "all": {"getpid": 110, "page_fault": 21},
        "hypervisor": {"getpid": 60, "page_fault": 4}}


def test_a_path_in_several_lines_is_one():
    lines = ["SAMPLES create 1 900", "SAMPLES destroy 1 90",
             "SAMPLES create 1 1000", "SAMPLES create 1 5000"]
    assert benchlab.path_figures(lines, [[9], [1], [10], [50]]) == {
        "all": {"create": 1000, "destroy": 90},
        "hypervisor": {"create": 10, "destroy": 1}}


@pytest.mark.parametrize("counts", [[[1]], [[1], [2], [3]]])
def test_paths_without_their_counts_are_refused(counts):
    with pytest.raises(SystemExit):
        benchlab.path_figures(["SAMPLES getpid 1 5 6"], counts)


@pytest.mark.parametrize("last", [
    "(lodge) The machine has halted.",
    "(XEN) Hardware Dom0 halted: halting machine",
    "Kernel panic - not syncing: Attempted to kill init!",
])
def test_a_dead_machine_ends_its_run(last):
    emulator = benchlab.Emulator(
        ["sh", "-c", f"echo alive; echo '{last}'; echo never read"], None,
        "plugin")
    run = benchlab.Run(emulator, [])
    assert run.lines == ["alive", last]
    with pytest.raises(SystemExit):
        run.require_success("nothing")


def test_one_side_alone_is_no_comparison():
    with pytest.raises(SystemExit):
        benchlab.table("", {"a": 1, "b": 1}, {"a": 1})
    with pytest.raises(SystemExit):
        report.side_by_side({"a": 1}, {"a": 1, "b": 1}, lambda name: None)


def test_ratios_and_aims():
    lines = report.side_by_side(*(side["hypervisor"] for side in
                                  (CALLS, CALLS_XEN)), report.share_aim)
    assert lines[2] == "| null hypercall | 60 | 100 | 0.60 | 0.6 | yes |"
    assert lines[3] == "| iret | 80 | 100 | 0.80 | 0.7 | no |"
    assert benchlab.ratio(5, 0) == "-"


def test_page_has_a_place_for_each_table():
    tables = report.make_tables(RESULTS)
    page = report.PAGE.read_text()
    marks = [match[2] for match in report.MARK.finditer(page)]
    assert sorted(marks) == sorted(tables)
    filled = report.fill(page, tables)
    assert all(text in filled for text in tables.values())
    assert report.fill(filled, {}) == filled


def test_page_shows_what_is_kept():
    """By `make bench-table`, which also copies what was measured last."""
    page = report.PAGE.read_text()
    assert report.fill(page, report.make_tables(report.read_kept())) == page


def test_image_is_within_its_aim():
    figures = report.read_kept()["memory"]["lodge"]
    assert sum(figures[kind] for kind in
               ("code", "read-only data", "data")) <= SIZE_AIM


def test_what_linux_pays():
    tables = report.make_tables(RESULTS)
    assert "| getpid | 250 | 400 | 0.62 | 0.7 | yes |" \
        in tables["linux-mitigations"]
    assert "| getpid | 400 | 600 | 0.67 |  |  |" \
        in tables["linux-all-mitigations"]


def test_sections_by_kind():
    figures = memory.sections(
        "  0 .text 00000100  ffff82d0\n  1 .rodata 00000020  ffff82d0\n"
        "  2 .init.text 00001000  ffff82d0\n  3 .data.re 00000003  ffff\n"
        "  4 .data 00000004  ffff\n  5 .bss 00000010  ffff\n"
        "  6 .debug_info 00ff0000  0\n")
    assert figures["data"] == 7
    assert figures["resident image"] == 0x100 + 0x20 + 7 + 0x10
    with pytest.raises(SystemExit):
        memory.sections("  0 .text 00000100  ffff82d0\n")


def note(owner, kind, contents):
    """One note as it stands in an ELF file."""
    def padded(data):
        return data + bytes(-len(data) % 4)
    return struct.pack("<III", len(owner) + 1, len(contents), kind) \
        + padded(owner + b"\0") + padded(contents)


def test_where_a_kernel_starts(tmp_path):
    entry = 0xffffffff830791c0
    data = note(b"GNU", start.NOTE_ENTRY, b"no") \
        + note(b"Xen", 6, b"linux\0") \
        + note(b"Xen", start.NOTE_ENTRY, struct.pack("<Q", entry))
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    program = struct.pack("<IIQQQQQQ", start.PT_NOTE, 4, 120, 0, 0,
                          len(data), len(data), 4)
    kernel = tmp_path / "vmlinux"
    kernel.write_bytes(bytes(header) + program + data)
    assert start.kernel_entry(kernel) == entry
    kernel.write_bytes(bytes(header) + program + bytes(len(data)))
    with pytest.raises(SystemExit):
        start.kernel_entry(kernel)
