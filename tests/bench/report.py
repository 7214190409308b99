#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the tables of docs/benchmarks.md from the benchmarks' results.

What is new in build/bench/ is first copied to tests/bench/results/, which is
part of the tree: the page always shows what lies there. Each table stands
between two marks, `<!-- table NAME -->` and `<!-- end -->`; all else of the page
is left as it is.
"""
import json
import re
import shutil
import sys

import benchlab
from benchlab import LODGE, XEN

PAGE = benchlab.TREE / "docs" / "benchmarks.md"
KEPT = benchlab.TREE / "tests" / "bench" / "results"
MARK = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.S)

# What the project wants at most: ours over Xen's.
SHARE_AIM = 0.7
AIMS = {"null_hypercall": 0.6, "unpacked kernel": 0.2,
        "kernel as shipped (xz)": 1.0}


def row(*cells):
    """One line of a table."""
    return "| " + " | ".join(cells) + " |"


def grouped(number):
    """Digits in groups of three."""
    return f"{number:,}"


def verdict(ours, theirs, aim):
    """Is the aim met?"""
    if not theirs:
        return "-"
    return "yes" if ours <= aim * theirs else "no"


def side_by_side(ours, theirs, aims):
    """A table of equal names; @aims gives the aimed ratio of each, or None."""
    benchlab.require_same_names(ours, theirs)
    lines = [row("", "Lodge", "Xen 4.17", "ratio", "aim", "met"),
             row("---", "--:", "--:", "--:", "--:", "---")]
    for name, figure in ours.items():
        aim = aims(name)
        lines.append(row(
            name.replace("_", " "), grouped(figure), grouped(theirs[name]),
            benchlab.ratio(figure, theirs[name]),
            f"{aim:.1f}" if aim else "",
            verdict(figure, theirs[name], aim) if aim else ""))
    return lines


def share_aim(name):
    """The aim for the hypervisor's share of a path."""
    return None if name == "empty_loop" else AIMS.get(name, SHARE_AIM)


def start_tables(results):
    """From the hypervisor's first instruction to Dom0's, per setting."""
    for setting, sides in results.items():
        for kind, aims in ("all", AIMS.get), ("repeated", lambda name: None):
            yield f"start-{kind}-{setting_word(setting)}", side_by_side(
                sides[LODGE][kind], sides[XEN][kind], aims)


def memory_tables(results):
    """Bytes of the image and of the running hypervisor."""
    yield "memory", side_by_side(results[LODGE], results[XEN],
                                 lambda name: None)


def setting_word(setting):
    """A setting's name in a mark."""
    return setting.split()[0].strip(",")


def share_tables(name):
    """A maker: what a guest's operations cost, per setting."""
    def tables(results):
        for setting, sides in results.items():
            yield f"{name}-{setting_word(setting)}", side_by_side(
                sides[LODGE]["hypervisor"], sides[XEN]["hypervisor"],
                share_aim)
    return tables


def path_tables(name, aim_of_all):
    """A maker: what paths through Linux cost, per setting: the share, and all
    instructions, of which at most @aim_of_all is aimed at."""
    def tables(results):
        for setting, sides in results.items():
            ours, theirs = sides[LODGE], sides[XEN]
            word = setting_word(setting)
            yield f"{name}-{word}", side_by_side(
                ours["hypervisor"], theirs["hypervisor"], share_aim)
            yield f"{name}-all-{word}", side_by_side(
                ours["all"], theirs["all"], lambda path: aim_of_all)
    return tables


MAKERS = {"start": start_tables, "memory": memory_tables,
          "calls": share_tables("calls"), "pairs": share_tables("pairs"),
          "linux": path_tables("linux", None)}


def make_tables(results):
    """{mark: text} of {name of result: what it holds}."""
    return {mark: "\n".join(lines) + "\n" for name, result in results.items()
            for mark, lines in MAKERS[name](result)}


def fill(page, tables):
    """@page with each marked place filled that has a table."""
    return MARK.sub(lambda match: match[1] + tables[match[2]] + match[3]
                    if match[2] in tables else match[0], page)


def copy_new():
    """Keep what was measured since."""
    for name in MAKERS:
        path = benchlab.RESULTS / f"{name}.json"
        if path.exists():
            KEPT.mkdir(exist_ok=True)
            shutil.copy(path, KEPT)
        else:
            print(f"{name}: no new result (make bench-{name})")


def read_kept():
    """{name: result} of the tree."""
    return {name: json.loads((KEPT / f"{name}.json").read_text())["results"]
            for name in MAKERS}


def main():
    """See above."""
    copy_new()
    page = PAGE.read_text()
    tables = make_tables(read_kept())
    marks = [match[2] for match in MARK.finditer(page)]
    if unmarked := set(tables) - set(marks):
        sys.exit(f"{PAGE}: no mark for {', '.join(sorted(unmarked))}")
    PAGE.write_text(fill(page, tables))


if __name__ == "__main__":
    main()
