# SPDX-License-Identifier: MIT
"""test_run.py - `make run`: with a terminal, and without one"""
import os
import subprocess

import lab
import pexpect

LIMIT_S = 400


def settings_of(hypervisor, **settings):
    """What scripts/run is told by its environment."""
    # As long as QEMU runs Xen: it damages vector registers, see testing.md.
    if hypervisor == "control":
        settings["HYPERVISOR_ARGS"] = "xsave=0"
    return dict(os.environ, HYPERVISOR=str(lab.HYPERVISORS[hypervisor]),
                **settings)


def run_script(hypervisor, **settings):
    """scripts/run with nothing on standard input."""
    environment = settings_of(hypervisor, **settings)
    return subprocess.run([str(lab.TOP / "scripts" / "run")], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT_S,
                          universal_newlines=True, check=False)


def test_run_without_terminal(hypervisor):
    done = run_script(hypervisor)
    assert done.returncode == 0, done.stdout
    for word in ("kernel", "hypervisor", "disk", "network",
                 "A guest is up", "guest-report: complete", "Powered off"):
        assert word in done.stdout


def test_run_with_terminal(hypervisor):
    """Somebody follows what the greeting says."""
    lab.LOGS.mkdir(parents=True, exist_ok=True)
    log = lab.LOGS / ("run-terminal-%s.log" % hypervisor)
    with log.open("wb") as log_file:
        person = pexpect.spawn(str(lab.TOP / "scripts" / "run"),
                               env=settings_of(hypervisor), timeout=LIMIT_S,
                               logfile=log_file)
        try:
            talk(person)
        finally:
            person.close(force=True)
    assert person.exitstatus == 0


def talk(person):
    """What is waited for, and what is typed then."""
    person.expect("lodge help")
    for text, answer in ((r"dom0:\S+# ", "lodge list"),
                         (r"first +1 +192 +1 ", "lodge console first"),
                         (r"guest:\S+# ", "cat /proc/sys/kernel/hostname"),
                         (r"\nguest\r", "\x1d"),
                         (r"dom0:\S+# ", "lodge shutdown -w first"),
                         (r"dom0:\S+# ", "while lodge domid first; do sleep 1; "
                          "done; echo 'it has 'gone"),
                         (r"it has gone", "poweroff")):
        person.expect(text)
        person.sendline(answer)
    person.expect(pexpect.EOF)


def test_run_tells_failure(hypervisor):
    """A Dom0 that cannot start must not look like a success."""
    done = run_script(hypervisor, DOM0_ARGS="rdinit=/bin/false")
    assert done.returncode != 0, done.stdout
