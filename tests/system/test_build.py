# SPDX-License-Identifier: MIT
"""test_build.py - Dom0 compiles a kernel: the hypervisor it runs on

Debian's compiler lies on a disk of its own (build/dom0/builder.img), this
source tree comes as a tar file on a second one, and is unpacked where it is
outside: debugging information names the place. What comes out must be what was
made outside, bit by bit. LODGE_BUILD_GOALS names other files to make, for a
shorter run.
"""
import hashlib
import os
import subprocess
import tarfile

import pytest

import lab

GOALS = os.environ.get("LODGE_BUILD_GOALS", "build/lodge.elf").split()
LIMIT_S = 4 * 3600
LEFT_OUT = {"build", ".git"}
CHROOT = "chroot /mnt /bin/sh -c '%s'"


@pytest.fixture
def source(tmp_path):
    """The source tree as a tar file."""
    path = tmp_path / "source.tar"
    with tarfile.open(path, "w") as tar:
        for entry in sorted(lab.TOP.iterdir()):
            if entry.name not in LEFT_OUT:
                tar.add(entry, entry.name)
    yield path
    path.unlink()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compiler_version(run):
    """The first line of what gcc says of itself."""
    return run("gcc --version").splitlines()[0]


@pytest.mark.full
def test_builds_the_hypervisor(log_name, source):
    """On ours only: it is long."""
    disks = [lab.Disk(lab.BUILD / "dom0" / "builder.img"), lab.Disk(source)]
    with lab.Machine(log_name, smp=2, nic="", disks=disks,
                     dom0_mib=1536) as machine:
        machine.wait_shell()
        machine.check("mount -t proc proc /mnt/proc && "
                      "mount --bind /dev /mnt/dev && mkdir -p /mnt%s && "
                      "tar xf /dev/vdb -C /mnt%s" % (lab.TOP, lab.TOP),
                      lab.BOOT_LIMIT_S)
        inside = compiler_version(
            lambda command: machine.check(CHROOT % command))
        machine.check(CHROOT % ("cd %s && make -j2 %s >/build.log 2>&1 || "
                                "{ tail -n 40 /build.log; exit 1; }"
                                % (lab.TOP, " ".join(GOALS))), LIMIT_S)
        made = machine.check("cd /mnt%s && sha256sum %s"
                             % (lab.TOP, " ".join(GOALS)))
        assert lab.complaints(machine) == []
        machine.power_off()
    outside = compiler_version(lambda command: subprocess.run(
        command.split(), check=True, stdout=subprocess.PIPE,
        universal_newlines=True).stdout)
    assert [line.split()[1] for line in made.splitlines()] == GOALS
    if inside != outside:
        pytest.skip("built, but by %s, not %s: not comparable"
                    % (inside, outside))
    for line in made.splitlines():
        found, name = line.split()
        assert found == digest(lab.TOP / name), name
