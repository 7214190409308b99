# SPDX-License-Identifier: MIT
"""Give each fuzz program a bounded number of runs from a fixed seed."""
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "fuzz"
NAMES = sorted(path.stem for path in HERE.glob("fuzz_*.c"))
RUNS = 300000
# Each run of these talks to the kernel (files, sockets), or compresses.
FEWER = {"fuzz_xs_wire": 40000, "fuzz_xs_client": 60000, "fuzz_loader": 100000,
         "fuzz_multiboot": 100000, "fuzz_config": 60000,
         "fuzz_image": 40000}
TIME_LIMIT_S = 600


@pytest.mark.parametrize("name", NAMES)
def test_fuzz(name, tmp_path):
    program = BUILD / name
    runs = FEWER.get(name, RUNS)
    assert program.exists(), "%s is not built: use make" % program
    command = [str(program), "-runs=%d" % runs, "-seed=1",
               "-use_value_profile=1", "-artifact_prefix=%s/" % tmp_path]
    words = HERE / (name + ".dict")
    if words.exists():
        command.append("-dict=%s" % words)
    done = subprocess.run(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=TIME_LIMIT_S, check=False)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output[-8000:]
    ran = re.search(r"^Done (\d+) runs", output, re.M)
    assert ran and int(ran.group(1)) >= runs, output[-8000:]
