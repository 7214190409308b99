# SPDX-License-Identifier: MIT
"""test_run.py - `make run` without a terminal boots, reports, powers off"""
import os
import subprocess

import lab

LIMIT_S = 400


def run_script(hypervisor, **settings):
    """scripts/run with nothing on standard input."""
    environment = dict(os.environ, HYPERVISOR=str(lab.HYPERVISORS[hypervisor]),
                       **settings)
    return subprocess.run([str(lab.TOP / "scripts" / "run")], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT_S,
                          universal_newlines=True, check=False)


def test_run_without_terminal(hypervisor):
    done = run_script(hypervisor)
    assert done.returncode == 0, done.stdout
    for word in ("kernel", "hypervisor", "disk", "network", "Powered off"):
        assert word in done.stdout


def test_run_tells_failure(hypervisor):
    """A Dom0 that cannot start must not look like a success."""
    done = run_script(hypervisor, DOM0_ARGS="rdinit=/bin/false")
    assert done.returncode != 0, done.stdout
