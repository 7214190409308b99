# SPDX-License-Identifier: MIT
"""The corpora of the fuzz programs: nothing that was found comes back.

tests/fuzz/test_fuzz.py lets the same programs look for new input.
"""
import pathlib
import re
import subprocess

import pytest

import daemon as daemon_module

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
NAMES = sorted(path.name for path in CORPUS.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_corpus(name, tmp_path):
    files = sorted(str(path) for path in (CORPUS / name).iterdir())
    assert len(files) > 20
    done = subprocess.run(
        [str(daemon_module.BUILD / "fuzz" / name),
         "-artifact_prefix=%s/" % tmp_path, *files],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=300, check=False)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output[-4000:]
    assert len(re.findall(r"^Executed ", output, re.M)) == len(files)


def test_all_have_one():
    programs = {path.stem for path in
                (daemon_module.TOP / "tests" / "fuzz").glob("fuzz_xs_*.c")}
    assert programs == set(NAMES)
