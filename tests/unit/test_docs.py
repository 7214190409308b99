# SPDX-License-Identifier: MIT
"""Documents that are made from the code, or list what is in it, fit it."""
import pathlib
import re
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
HYPERVISOR = TOP / "hypervisor"
LEVELS = HYPERVISOR / "include" / "lodge" / "locklevel.h"
LOCKING = TOP / "docs" / "locking.md"


@pytest.mark.parametrize("script", ["abi-doc", "option-doc"])
def test_made_documents_are_up_to_date(script):
    done = subprocess.run([sys.executable, str(TOP / "scripts" / script),
                           "--check"], stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()


def levels_of_code():
    found = re.findall(r"^\t(LOCK_\w+) = (\d+),", LEVELS.read_text(), re.M)
    assert found
    return {name: int(number) for name, number in found}


def levels_of_document():
    rows = re.findall(r"^\| (\d+) \| `(LOCK_\w+)` \|", LOCKING.read_text(),
                      re.M)
    names = [name for _, name in rows]
    assert len(set(names)) == len(names), "a level has two rows"
    assert rows == sorted(rows, key=lambda row: int(row[0])), "out of order"
    return {name: int(number) for number, name in rows}


def test_every_lock_level_is_explained():
    code = levels_of_code()
    del code["LOCK_NONE"]
    assert levels_of_document() == code


def locks_of_code():
    """Files that make a spinlock of some level: {level: {file, ...}}."""
    users = {}
    for path in sorted(HYPERVISOR.glob("*/*.c")):
        for level in re.findall(
                r"(?:SPINLOCK_INIT\(|spin_init\([^;]*?,\s*)(LOCK_\w+)\)",
                path.read_text()):
            users.setdefault(level, set()).add(
                str(path.relative_to(HYPERVISOR)))
    assert users
    return users


def test_every_lock_is_named_where_it_is_made():
    text = LOCKING.read_text()
    for level, files in locks_of_code().items():
        row = re.search(r"^\| \d+ \| `%s` \|.*$" % level, text, re.M)
        assert row, "%s has no row" % level
        for name in files:
            assert "`%s`" % name in row.group(0), \
                "the row of %s does not name %s" % (level, name)


def test_no_document_names_a_file_that_is_not_there():
    missing = []
    for document in sorted((TOP / "docs").glob("*.md")):
        for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:c|h|S|py|md|mk))`",
                               document.read_text()):
            places = [TOP / name, HYPERVISOR / name,
                      HYPERVISOR / "include" / name]
            if "NAME" not in name and not any(
                    place.exists() for place in places):
                missing.append("%s: %s" % (document.name, name))
    assert not missing
