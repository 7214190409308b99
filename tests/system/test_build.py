# SPDX-License-Identifier: MIT
"""test_build.py - Dom0 compiles a kernel: the hypervisor it runs on

Debian's compiler lies on a disk of its own (build/dom0/builder.img), this
source tree comes as a tar file on a second one, and is unpacked where it is
outside: debugging information names the place. Every object that comes out must
be what was made outside, bit by bit; so must the image, if Debian's libraries
that are linked into it (the loader's decoders) are of the same version there.
LODGE_BUILD_GOALS names other files to make, for a shorter run.
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
OBJECTS = "build/obj/release/hypervisor"
LIBRARIES = " ".join("/usr/lib/x86_64-linux-gnu/lib%s.a" % name
                     for name in ("lzma", "zstd", "z", "lz4"))


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


def host(command):
    """Run a command outside; returns its output."""
    return subprocess.run(command.split(), check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def digests(machine, what):
    """Of files inside, which a shell's word names: {path: SHA-256}."""
    lines = machine.check("cd /mnt%s && sha256sum %s" % (lab.TOP, what))
    return {name: found for found, name in
            (line.split() for line in lines.splitlines())}


def differing(made):
    """Which of those inside are not the same outside."""
    return [name for name, found in made.items()
            if found != digest(lab.TOP / name)]


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

        def inside(command):
            return machine.check(CHROOT % command)

        compilers = compiler_version(inside), compiler_version(host)
        libraries = [run("sha256sum " + LIBRARIES) for run in (inside, host)]
        machine.check(CHROOT % ("cd %s && make -j2 %s >/build.log 2>&1 || "
                                "{ tail -n 40 /build.log; exit 1; }"
                                % (lab.TOP, " ".join(GOALS))), LIMIT_S)
        objects = digests(machine, "$(find %s -name \"*.o\")" % OBJECTS)
        made = digests(machine, " ".join(GOALS))
        assert lab.complaints(machine) == []
        machine.power_off()
    assert sorted(made) == sorted(GOALS) and objects
    if compilers[0] != compilers[1]:
        pytest.skip("built, but by %s, not %s: not comparable" % compilers)
    assert differing(objects) == []
    if libraries[0] == libraries[1]:
        assert differing(made) == []
