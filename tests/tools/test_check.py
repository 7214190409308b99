# SPDX-License-Identifier: MIT
"""test_check.py - lodge check: configurations of every kind, the exact words

A case is the text that is added to a good configuration, and the lines that are
said about it. What xl makes of the same texts was recorded on Debian's Xen:
where it warns and goes on, or says nothing, we refuse or warn.
"""
import json
import pathlib
import subprocess

import pytest

import kernels

LODGE = pathlib.Path(__file__).resolve().parents[2] / \
    "build" / "dom0-tools" / "asan" / "lodge"
GOOD = 'name = "g"\nkernel = "%(dir)s/vmlinuz"\nmemory = 64\n'
GOOD_LINES = GOOD.count("\n")
ESCAPE = '; write \\\\ for a backslash'
LIST = 'a list like "0-3,^2", "all,^5" or "nodes:0-1,^node:1"'
STRINGS = 'a list of strings: [ "..." ]'
VDEV = 'a name like "xvda", "xvda1", "hdc", "sdb3" or "d0p1"'
RATE = ("of the form 10Mb/s, 250KB/s or 1MB/s@20ms, at least a byte and less "
        "than 4 GiB in an interval")
ACTIONS = ('"destroy", "restart", "rename-restart", "preserve", '
           '"coredump-destroy" or "coredump-restart"')
FORMATS = ('"raw", "qcow", "qcow2", "qed", "vhd", "vhdx", "vmdk" or "vdi"')
NO_NAME = "text without \"/\" and control characters, and no number"
GRUB = ('; the guest\'s own GRUB is kernel = '
        '"/usr/lib/grub-xen/grub-x86_64-xen.bin"')

# What is added -> what is said. L1 is the first line that was added; the text
# of a line that begins with "=" is taken as it is.
WRONG = [
    # the grammar
    ('vcpus', 'L1: error: expected "=" behind "vcpus", found the end of the '
     'line'),
    ('vcpus = ', 'L1: error: expected a number, a string in quotes or a list,'
     ' found the end of the line'),
    ('= 3', 'L1: error: expected the name of a key, found "="'),
    ('3 = 3', 'L1: error: expected the name of a key, found "3"'),
    ('vcpus = two', 'L1: error: expected a number, a string in quotes or a '
     'list, found "two"'),
    ('vcpus = -1', 'L1: error: expected a number, a string in quotes or a '
     'list, found "-1"'),
    ('vcpus = 1 2', 'L1: error: expected the end of the line or ";", found '
     '"2"'),
    ('localtime = True', 'L1: error: expected a number, a string in quotes or '
     'a list, found "True"'),
    ('extra = "a', 'L1: error: a string has no closing quote on its line'),
    ('extra = "a\nb"', 'L1: error: a string has no closing quote on its line',
     'L2: error: expected "=" behind "b", found """'),
    ('extra = "a\\', 'L1: error: a backslash in a string begins no known '
     'escape' + ESCAPE),
    ('extra = "\\q"', 'L1: error: a backslash in a string begins no known '
     'escape' + ESCAPE),
    ('extra = "\\xg"', 'L1: error: a backslash in a string begins no known '
     'escape' + ESCAPE),
    ('extra = "\\0"', 'L1: error: a backslash in a string begins no known '
     'escape' + ESCAPE),
    ('extra = "\\777"', 'L1: error: a backslash in a string begins no known '
     'escape' + ESCAPE),
    ('vif = [ "", ', 'L2: error: expected a number, a string in quotes or a '
     'list, found the end of the text'),
    ('vif = [ "" ""]', 'L1: error: expected "," or "]" in a list, found """"'),
    ('vif = [ "",, ""]', 'L1: error: expected a number, a string in quotes or '
     'a list, found ","'),
    ('vif = ' + '[' * 9, 'L1: error: lists are nested deeper than 8'),
    ('import os', 'L1: error: expected "=" behind "import", found "os"'),
    ('vcpus = 2\nvcpus = 3', 'L2: warning: vcpus was set in line 4 already, '
     'which does not count'),
    ('vcpus += [ 3 ]\nvcpus += 3', 'L1: error: vcpus is a list, but must be a '
     'number from 1 to 512',
     'L2: error: vcpus is a list, to which only its like can be appended'),
    # keys
    ('memmory = 5', 'L1: warning: unknown key "memmory"; did you mean '
     '"memory"?'),
    ('vcpu = 5', 'L1: warning: unknown key "vcpu"; did you mean "vcpus"?'),
    ('on_shutdown = 1', 'L1: warning: unknown key "on_shutdown"'),
    ('completely_else = 1', 'L1: warning: unknown key "completely_else"'),
    ('x%s = 1' % ("y" * 100), 'L1: warning: unknown key "x%s..."' % ("y" * 59)),
    ('pci = [ "01:00.0" ]', 'L1: error: pci needs what is not supported: passing devices of '
     'the host through'),
    ('bootloader = "pygrub"', 'L1: error: bootloader needs what is not supported: running a '
     'boot loader in Dom0' + GRUB),
    ('firmware = "pvgrub64"', 'L1: error: firmware needs what is not supported: choosing '
     'firmware by name' + GRUB),
    ('vtpm = []', 'L1: error: vtpm needs what is not supported: devices of '
     'this kind'),
    ('cpuid = "host,tm=0"', 'L1: error: cpuid needs what is not supported: changing what '
     'CPUID says'),
    # numbers and words
    ('vcpus = 0', 'L1: error: vcpus is 0, but must be a number from 1 to 512'),
    ('vcpus = 513', 'L1: error: vcpus is 513, but must be a number from 1 to '
     '512'),
    ('vcpus = "two"', 'L1: error: vcpus is "two", but must be a number from 1 '
     'to 512'),
    ('vcpus = 2x', 'L1: error: vcpus is 2x, but must be a number from 1 to '
     '512'),
    ('vcpus = 08', 'L1: error: vcpus is 08, but must be a number from 1 to '
     '512'),
    ('vcpus = [ 2 ]', 'L1: error: vcpus is a list, but must be a number from '
     '1 to 512'),
    ('vcpus = 99999999999999999999', 'L1: error: vcpus is '
     '99999999999999999999, but must be a number from 1 to 512'),
    ('vcpus = 3\nmaxvcpus = 2', 'L2: error: maxvcpus is 2, but must be at '
     'least vcpus, which is 3'),
    ('maxmem = 32', 'L1: error: maxmem is 32, but must be at least memory, '
     'which is 64'),
    ('maxmem = "64M"', 'L1: error: maxmem is "64M", but must be a number of '
     'MiB from 1 to 16777216'),
    ('maxmem = 0', 'L1: error: maxmem is 0, but must be a number of MiB from '
     '1 to 16777216'),
    ('localtime = "true"', 'L1: error: localtime is "true", but must be 0 or '
     '1'),
    ('localtime = []', 'L1: error: localtime is a list, but must be 0 or 1'),
    ('cpu_weight = 0', 'L1: error: cpu_weight is 0, but must be a number from '
     '1 to 65535'),
    ('cpu_weight = 65536', 'L1: error: cpu_weight is 65536, but must be a '
     'number from 1 to 65535'),
    ('cap = 70000', 'L1: error: cap is 70000, but must be a number of percent '
     'of a CPU from 0 to 65535'),
    ('max_grant_version = 3', 'L1: error: max_grant_version is 3, but must be '
     'a number from 1 to 2'),
    ('max_grant_frames = 5000', 'L1: error: max_grant_frames is 5000, but '
     'must be a number of frames from 1 to 4096'),
    ('max_event_channels = 0', 'L1: error: max_event_channels is 0, but must '
     'be a number from 1 to 131071'),
    ('rtc_timeoffset = "1h"', 'L1: error: rtc_timeoffset is "1h", but must be '
     'a number of seconds, if negative in quotes'),
    ('uuid = "x"', 'L1: error: uuid is "x", but must be of the form '
     '01234567-89ab-cdef-0123-456789abcdef'),
    ('uuid = "0123456789ab-cdef-0123-456789abcdef-"', 'L1: error: uuid is '
     '"0123456789ab-cdef-0123-456789abcdef-", but must be of the form '
     '01234567-89ab-cdef-0123-456789abcdef'),
    ('type = "vm"', 'L1: error: type is "vm", but must be "pv", "pvh" or '
     '"hvm"'),
    ('type = "hvm"', 'L1: error: type is "hvm", but must be "pv": there are '
     'no other guests yet'),
    ('builder = "hvm"', 'L1: note: builder is old; write type = "pv"',
     'L1: error: builder is "hvm", but must be "generic": there are no other '
     'guests yet'),
    ('on_crash = "foo"', 'L1: error: on_crash is "foo", but must be '
     + ACTIONS),
    ('on_reboot = [ "destroy" ]', 'L1: error: on_reboot is a list, but must '
     'be a string'),
    ('tsc_mode = "x"', 'L1: error: tsc_mode is "x", but must be "default", '
     '"always_emulate" or "native"'),
    ('tsc_mode = 3', 'L1: error: tsc_mode is "3", but must be "default", '
     '"always_emulate" or "native"'),
    ('ramdisk = "initrd"', 'L1: error: ramdisk is "initrd", but must be a '
     'path that begins with /'),
    ('ramdisk = "/no/initrd"', 'L1: error: ramdisk names "/no/initrd": No '
     'such file or directory'),
    ('ramdisk = "/tmp"', 'L1: error: ramdisk names "/tmp", but must be a '
     'file'),
    ('cmdline = "x"\nroot = "/dev/xvda"', 'L2: warning: root does not count, '
     'because cmdline is set'),
    ('extra = "%s"' % ("x" * 1024), 'L1: error: extra makes a kernel\'s '
     'command line of 1024 characters, but must be 1023 at most'),
    ('root = "/dev/xvda"\nextra = "%s"' % ("x" * 1009), 'L2: error: extra '
     'makes a kernel\'s command line of 1024 characters, but must be 1023 at '
     'most'),
    # lists of CPUs
    ('cpus = "x"', 'L1: error: cpus is "x", but must be ' + LIST),
    ('cpus = ""', 'L1: error: cpus is "", but must be ' + LIST),
    ('cpus = "0-"', 'L1: error: cpus is "0-", but must be ' + LIST),
    ('cpus = "3-1"', 'L1: error: cpus is "3-1", but must be ' + LIST),
    ('cpus = "0,,1"', 'L1: error: cpus is "0,,1", but must be ' + LIST),
    ('cpus = "70000"', 'L1: error: cpus is "70000", but must be ' + LIST),
    ('cpus = "^all"', 'L1: error: cpus is "^all", but must be ' + LIST),
    ('cpus_soft = "nodes:"', 'L1: error: cpus_soft is "nodes:", but must be '
     + LIST),
    ('cpus = [ "0", "y" ]', 'L1: error: cpus is "y", but must be ' + LIST),
    # disks
    ('disk = "x"', 'L1: error: disk is "x", but must be ' + STRINGS),
    ('disk = [ [ "x" ] ]', 'L1: error: disk has a list in it, but must be a '
     'list of strings'),
    ('disk = [ "%(disk)s" ]', 'L1: error: disk[0] has no vdev, the disk\'s '
     'name in the guest, but must be ' + VDEV),
    ('disk = [ "%(disk)s,foo,xvda,w" ]', 'L1: error: disk[0] has the format '
     '"foo", but must be ' + FORMATS),
    ('disk = [ "%(disk)s,raw,zzz,w" ]', 'L1: error: disk[0] has the vdev '
     '"zzz", but must be ' + VDEV),
    ('disk = [ "%(disk)s,raw,hde,w" ]', 'L1: error: disk[0] has the vdev '
     '"hde", but must be ' + VDEV),
    ('disk = [ "%(disk)s,raw,xvda256,w" ]', 'L1: error: disk[0] has the vdev '
     '"xvda256", but must be ' + VDEV),
    ('disk = [ "%(disk)s,raw,xvda,q" ]', 'L1: error: disk[0] has the access '
     '"q", but must be "r", "ro", "w" or "rw"'),
    ('disk = [ "%(disk)s,raw,xvda,w,blah" ]', 'L1: error: disk[0] has "blah" '
     'behind target, format, vdev and access'),
    ('disk = [ "%(disk)s,raw,xvda,w,foo=1" ]', 'L1: error: disk[0] has a '
     'parameter that is not known: "foo"'),
    ('disk = [ "%(disk)s,raw,xvda,w,vdev=xvdb" ]', 'L1: error: disk[0] says '
     'vdev twice'),
    ('disk = [ "%(disk)s,raw,xvda,w,backendtype=tap" ]', 'L1: error: disk[0] '
     'has the backendtype "tap", but must be "phy" or "qdisk"'),
    ('disk = [ "%(disk)s,qcow2,xvda,w,backendtype=phy" ]', 'L1: error: '
     'disk[0] has an image format that only qdisk can read, but must be raw '
     'with backendtype=phy'),
    ('disk = [ "%(disk)s,raw,xvda,w,specification=virtio" ]', 'L1: error: '
     'disk[0] has the specification "virtio", but must be "xen"'),
    ('disk = [ "%(disk)s,raw,xvda,w,devtype=tape" ]', 'L1: error: disk[0] '
     'has the devtype "tape", but must be "cdrom" or "disk"'),
    ('disk = [ "%(disk)s,raw,xvda,w,cdrom" ]', 'L1: error: disk[0] is a CD '
     'drive with write access, but must be read-only'),
    ('disk = [ ",raw,xvda,w" ]', 'L1: error: disk[0] has no target, but must '
     'be a block device or a file, unless it is a CD drive'),
    ('disk = [ "%(disk)s,xvda:tape,w" ]', 'L1: error: disk[0] has a type of '
     'device that is not known: "tape"'),
    ('disk = [ "/no/disk,raw,xvda,w" ]', 'L1: error: disk names "/no/disk": '
     'No such file or directory'),
    ('disk = [ "/tmp,raw,xvda,w" ]', 'L1: error: disk names "/tmp", but must '
     'be a file or a block device'),
    ('disk = [ "%(disk)s,raw,xvda,w",\n"%(disk)s,raw,d0,w" ]', 'L1: error: '
     'disk has two disks with the vdev "d0"'),
    ('disk = [ "%(disk)s,raw,xvda,w",\n"%(disk)s,raw,xvdb,q" ]', 'L2: error: '
     'disk[1] has the access "q", but must be "r", "ro", "w" or "rw"'),
    # networks
    ('vif = [ "mac=zz" ]', 'L1: error: vif[0] has the mac "zz", but must be '
     'of the form 00:16:3e:12:34:56'),
    ('vif = [ "mac=00:16:3e:00:00:0" ]', 'L1: error: vif[0] has the mac '
     '"00:16:3e:00:00:0", but must be of the form 00:16:3e:12:34:56'),
    ('vif = [ "mac=01:16:3e:00:00:00" ]', 'L1: error: vif[0] has the mac '
     '"01:16:3e:00:00:00" of a group, but must be that of one card: its first '
     'byte is even'),
    ('vif = [ "brigde=br0" ]', 'L1: error: vif[0] has a parameter that is not '
     'known: "brigde"; did you mean "bridge"?'),
    ('vif = [ "bridge" ]', 'L1: error: vif[0] has a parameter that is not '
     'known: "bridge"; did you mean "bridge"?'),
    ('vif = [ "rate=x" ]', 'L1: error: vif[0] has the rate "x", but must be '
     + RATE),
    ('vif = [ "rate=1MB/s@" ]', 'L1: error: vif[0] has the rate "1MB/s@", but '
     'must be ' + RATE),
    ('vif = [ "rate=1b/s" ]', 'L1: error: vif[0] has the rate "1b/s", but '
     'must be ' + RATE),
    ('vif = [ "rate=100GB/s@1s" ]', 'L1: error: vif[0] has the rate '
     '"100GB/s@1s", but must be ' + RATE),
    ('vif = [ "mtu=10" ]', 'L1: error: vif[0] has the mtu "10", but must be '
     'from 68 to 65535'),
    ('vif = [ "devid=300" ]', 'L1: error: vif[0] has the devid "300", but '
     'must be from 0 to 255'),
    ('vif = [ "vifname=a/b" ]', 'L1: error: vif[0] has the vifname "a/b", but '
     'must be 1 to 15 characters, without "/", ":" and blanks'),
    ('vif = [ "", "devid=0" ]', 'L1: error: vif has two interfaces with the '
     'devid 0'),
    ('vif = [ "mac=00:16:3e:00:00:01", "mac=00:16:3E:00:00:01" ]', 'L1: '
     'error: vif has two interfaces with one mac'),
    # channels
    ('channel = [ "connection=pty" ]', 'L1: error: channel[0] has no name'),
    ('channel = [ "name=x" ]', 'L1: error: channel[0] has the connection "", '
     'but must be "pty" or "socket"'),
    ('channel = [ "name=x,connection=socket" ]', 'L1: error: channel[0] is a '
     'socket without a path'),
    ('channel = [ "name=x,connection=pty,path=/x" ]', 'L1: error: channel[0] '
     'is a pseudo terminal, which has no path'),
    ('channel = [ "nam=x" ]', 'L1: error: channel[0] has a parameter that is '
     'not known: "nam", but must be name=, connection=, path= and backend=',),
]

# Texts that replace the good configuration.
WHOLE = [
    ("", "0: error: name is not set", "0: error: kernel is not set",
     "0: warning: memory is not set: the guest has 32 MiB"),
    ('name = "a"\nmemory = 64\n', "0: error: kernel is not set"),
    ('name = "a"\nkernel = "%(dir)s/vmlinuz"\n',
     "0: warning: memory is not set: the guest has 32 MiB"),
    ('name = "7"\nkernel = "%(dir)s/vmlinuz"\nmemory = 64\n',
     'L1: error: name is "7", but must be ' + NO_NAME),
    ('name = ""\nkernel = "%(dir)s/vmlinuz"\nmemory = 64\n',
     'L1: error: name is "", but must be ' + NO_NAME),
    ('name = "a/b"\nkernel = "%(dir)s/vmlinuz"\nmemory = 64\n',
     'L1: error: name is "a/b", but must be ' + NO_NAME),
    ('name = "a\\n"\nkernel = "%(dir)s/vmlinuz"\nmemory = 64\n',
     'L1: error: name is "a?", but must be ' + NO_NAME),
    ('name = "a"\nkernel = "%(dir)s/vmlinuz"\nmemory = 4\n',
     "L3: warning: memory is 4 MiB, which hardly any kernel starts in"),
    ('name = "a\0"\n', "0: error: is no text: it contains a zero byte"),
]

# What is added -> notes, or nothing at all: the exit status is 0.
FINE = [
    ('vcpus = 0x2; cap = 010;; extra = \'a"b\' # so', ),
    ('vcpus = "2"\nextra = 3', ),
    ('extra = "a"\nextra += "b"', ),
    ('vif = [\n "mac=00:16:3e:00:00:01", # one\n ""\n,]', ),
    ('vif = []\nvif += [ "" ]', ),
    ('vcpus = 2\r\ncap = 3\r', ),
    ('vnc = 1', 'L1: note: vnc has no effect on this kind of guest'),
    ('hap = 1', 'L1: note: hap has no effect on this kind of guest'),
    ('builder = "generic"', 'L1: note: builder is old; write type = "pv"'),
    ('cpus = "0-3,^1"\ncpus_soft = [ "all,^node:1", "nodes:0-1", 7 ]', ),
    ('disk = [ "%(disk)s,raw,xvda,rw", "phy:%(disk)s,xvdb,w",\n'
     '"file:%(disk)s,hda1,r", "%(disk)s,,hdc,cdrom", ",hdd:cdrom,r",\n'
     '"tap:qcow2:%(disk)s,sda,w",\n'
     '"format=qcow2, vdev=xvdf, access=rw, target=%(disk)s",\n'
     '"vdev=d5p2,no-discard,untrusted,target=%(disk)s",\n'
     '"x:y,raw,xvdtq37,r,script=block-x", "%(disk)s,vmdk,51840" ]', ),
    ('vif = [ "mac=00:16:3E:74:3d:76,bridge=br0,ip=10.0.0.1,mtu=9000,'
     'rate=1MB/s@20ms,vifname=foo,script=x,model=e1000,type=vif,backend=0,'
     'devid=3,trusted", "" ]', ),
    ('vif = [ "rate=10Mb/s", "rate=250KB/s", "rate=1GB/s@1s", '
     '"rate=100B/s" ]', ),
    ('channel = [ "name=org.x,connection=pty", '
     '"connection=socket,path=/x,name=y" ]', ),
    ('tsc_mode = 2\nrtc_timeoffset = "-3600"\nlocaltime = 1\npool = "p"\n'
     'uuid = "a55ae1f8-3b36-4e24-8f63-6f0a0b8a8a0c"', ),
]


@pytest.fixture
def place(tmp_path):
    """A folder with a kernel and a disk that a configuration can name."""
    (tmp_path / "vmlinuz").write_bytes(kernels.elf())
    (tmp_path / "disk.img").write_bytes(b"disk")
    return tmp_path


def fill(text, place):
    """@text with the paths of @place; a single % needs no care."""
    return text.replace("%(dir)s", str(place)).replace(
        "%(disk)s", str(place / "disk.img"))


def check(place, text, *arguments):
    """Exit status and lines of lodge check."""
    path = place / "guest.cfg"
    path.write_bytes(fill(text, place).encode())
    run = subprocess.run([LODGE, "check", *arguments[:1], path,
                          *arguments[1:]] if arguments else
                         [LODGE, "check", path],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         encoding="utf-8", check=False)
    assert run.stderr == ""
    return run.returncode, run.stdout.splitlines()


def expected(place, first, said):
    """The lines of a case, in the order in which lodge sorts them."""
    lines = []
    for words in said:
        where, _, rest = words.partition(": ")
        where = where.lstrip("L")
        line = int(where) + first if where != "0" else 0
        lines.append((line, "%s:%s %s" % (place / "guest.cfg",
                                          "%d:" % line if line else "",
                                          rest)))
    return [text for _, text in sorted(lines, key=lambda pair: pair[0])]


@pytest.mark.parametrize("text, said", [(c[0], c[1:]) for c in WRONG])
def test_wrong(place, text, said):
    status, lines = check(place, GOOD + text + "\n")
    assert lines == expected(place, GOOD_LINES, said)
    wrong = any(": note:" not in words for words in said)
    assert status == int(wrong) == 1


@pytest.mark.parametrize("text, said", [(c[0], c[1:]) for c in WHOLE])
def test_whole_text(place, text, said):
    status, lines = check(place, text)
    assert sorted(lines) == sorted(expected(place, 0, said))
    assert status == 1


@pytest.mark.parametrize("text, said", [(c[0], c[1:]) for c in FINE])
def test_fine(place, text, said):
    status, lines = check(place, GOOD + text + "\n")
    assert lines[:-1] == expected(place, GOOD_LINES, said)
    assert lines[-1].startswith('%s: good: "g", 64 MiB, '
                                % (place / "guest.cfg"))
    assert status == 0


def test_overrides_come_last(place):
    run = subprocess.run([LODGE, "check", place / "guest.cfg", "vcpus=3",
                          "memory=128;name=\"h\""], capture_output=True,
                         encoding="utf-8", check=False)
    assert "cannot be read: No such file or directory" in run.stdout
    (place / "guest.cfg").write_text(fill(GOOD, place))
    run = subprocess.run([LODGE, "check", place / "guest.cfg", "vcpus=3",
                          "memory=128;name=\"h\""], capture_output=True,
                         encoding="utf-8", check=True)
    assert run.stdout.endswith('good: "h", 128 MiB, 3 vCPUs, 0 disks, '
                               '0 network interfaces\n')
    run = subprocess.run([LODGE, "check", place / "guest.cfg", "vcpus=x"],
                         capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 1
    assert run.stdout == ('command line:1: error: expected a number, a string'
                          ' in quotes or a list, found "x"\n')


def test_json(place):
    status, lines = check(place, GOOD + "vcpus = 0\nvcpu = 3\nvnc = 1\n",
                          "--json")
    assert status == 1
    assert json.loads("\n".join(lines)) == [
        {"severity": "error", "source": str(place / "guest.cfg"), "line": 4,
         "key": "vcpus", "problem": "is 0",
         "allowed": "a number from 1 to 512"},
        {"severity": "warning", "source": str(place / "guest.cfg"),
         "line": 5, "problem": 'unknown key "vcpu"',
         "hint": 'did you mean "vcpus"?'},
        {"severity": "note", "source": str(place / "guest.cfg"), "line": 6,
         "key": "vnc", "problem": "has no effect on this kind of guest"}]


def test_what_is_shown_is_text(place):
    """Control characters and what is no UTF-8 are not passed on."""
    path = place / "guest.cfg"
    path.write_bytes(fill(GOOD, place).encode() +
                     b"vcpus = \"\x1b[2J\xff\xc3\xa9\xed\xa0\x80\"\n")
    run = subprocess.run([LODGE, "check", "--json", path],
                         capture_output=True, check=False)
    found = json.loads(run.stdout.decode("utf-8"))
    assert found[0]["problem"] == 'is "?[2J?\u00e9???"'


@pytest.mark.parametrize("text, words", [
    ("vcpus = 1\n" * 1001, "error: there are more than 1000 settings"),
    ("extra = '%s'\n" % ("x" * 4097), "error: a string is longer than 4096 "
     "bytes"),
    ("extra = '%s'\nextra += 'y'\n" % ("x" * 4096), "error: extra is longer "
     "than 4096 bytes by now"),
    ("disk = [ %s ]\n" % ("'' ," * 1001), "error: disk has 1001 elements, but "
     "must be at most 1000"),
    ("vif = [ %s ]\n" % ("''," * 500) + "vif += [ %s ]\n" % ("''," * 501),
     "error: vif has 1001 elements, but must be at most 1000")])
def test_more_than_any_guest_has(place, text, words):
    """What would take for ever, or all memory, is refused."""
    status, lines = check(place, GOOD + text)
    assert status == 1
    assert [line for line in lines if line.endswith(words)]


def test_too_large(place):
    status, lines = check(place, "#" * (1 << 20) + "\n")
    assert status == 1
    assert lines[0].endswith("guest.cfg: error: cannot be read: File too "
                             "large")


def test_garbage_is_not_told_line_by_line(place):
    status, lines = check(place, "\n".join("?" * 5000))
    assert status == 1
    assert len(lines) < 60


@pytest.mark.parametrize("arguments, status, words", [
    ([], 2, "usage: lodge COMMAND"),
    (["--help"], 0, "usage: lodge COMMAND"),
    (["help"], 0, " check "),
    (["help", "check"], 0, "usage: lodge check [OPTIONS] FILE [KEY=VALUE...]"),
    (["check", "--help"], 0, "usage: lodge check"),
    (["check"], 2, "usage: lodge check"),
    (["check", "--jsn", "x"], 2, "--jsn"),
    (["help", "--json"], 2, "--json"),
    (["list", "--help"], 0, "-v, --verbose"),
    (["chek"], 2, 'unknown command "chek"'),
    (["help", "chek"], 2, 'unknown command "chek"'),
])
def test_command_line(arguments, status, words):
    run = subprocess.run([LODGE, *arguments], capture_output=True,
                         encoding="utf-8", check=False)
    assert run.returncode == status
    assert words in (run.stderr if status else run.stdout) + run.stdout
