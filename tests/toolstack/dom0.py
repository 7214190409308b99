# SPDX-License-Identifier: MIT
"""dom0.py - Debian's Dom0 in QEMU, with the questions that the tests ask"""
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "system"))
import lab  # noqa: E402

IMAGES = lab.BUILD / "toolstack"
# QEMU 7.2 damages vector registers when Xen changes domains by XSAVE: programs
# of Dom0 fault or lose letters. With FXSAVE they do not.
EMULATOR_ARGS = {"control": " xsave=0"}
# Only met by a guest that hangs.
GUEST_LIMIT_S = 300
# DOM0_OPTIONS of a machine whose time is its own: an instruction takes a
# nanosecond. However busy the host is, libxl's time limits are not met.
OWN_TIME = {"devices": ["-icount", "shift=0,sleep=off"], "slower": 10}


class Dom0(lab.Machine):
    """A machine whose Dom0 is Debian with its own Xen service started."""

    def __init__(self, name, hypervisor, **options):
        chosen = dict(
            dom0_mib=768, nic=None, smp=2,
            hypervisor_args="dom0_max_vcpus=1"
            + EMULATOR_ARGS.get(hypervisor, ""),
            disks=[lab.Disk(IMAGES / "root.img"),
                   lab.Disk(IMAGES / "files.img")],
            appended=[IMAGES / "init.cpio"],
            kernel_args=lab.QUICK + " quiet")
        chosen.update(options)
        self.slower = chosen.pop("slower", self.slower)
        super().__init__(name, hypervisor, **chosen)

    def start(self):
        super().start()
        self.expect(rb"xen service: status (\d+)\D", lab.BOOT_LIMIT_S,
                    "Debian's Xen service")
        status = int(self.child.match.group(1))
        self.wait_shell()
        if status:
            raise self.trouble("Debian's Xen service: status %d" % status)

    def until(self, what, ask, limit_s=GUEST_LIMIT_S):
        """Ask until the answer is true; returns it."""
        end = time.monotonic() + limit_s * self.slower
        while True:
            answer = ask()
            if answer:
                return answer
            if time.monotonic() > end:
                raise self.trouble("%s: not within %d s" % (what, limit_s))
            time.sleep(0.3)

    def info(self):
        """What xl info says: {name: text}."""
        lines = self.check("xl info").splitlines()
        return dict(re.match(r"(\w+) *: (.*)$", line).groups()
                    for line in lines)

    def domains(self):
        """What xl list says: {name: (id, MiB, CPUs, states)}."""
        lines = self.check("xl list").splitlines()
        assert lines[0].split() == ["Name", "ID", "Mem", "VCPUs", "State",
                                    "Time(s)"]
        table = {}
        for line in lines[1:]:
            name, domid, mem, vcpus, state, seconds = line.split()
            assert re.fullmatch(r"\d+\.\d", seconds), line
            # The fifth is why it has shut down: "c" a crash, "r" a reboot.
            assert re.fullmatch(r"[r-][b-][p-][s-][a-z-][d-]", state), line
            table[name] = (int(domid), int(mem), int(vcpus),
                           set(state) - {"-"})
        return table

    def config(self):
        """What xl list -l says, by name."""
        listed = json.loads(self.check("xl list -l"))
        return {one["config"]["c_info"]["name"]: one for one in listed}

    def audit(self):
        """All records of our hypervisor agree with each other."""
        self.check("xl debug-keys A")
        lines = self.check("xl dmesg | grep audit: | tail -n 20").splitlines()
        assert lines and "audit: clean" in lines[-1], "\n".join(lines)

    def free_mib(self):
        return int(self.info()["free_memory"])

    def create(self, name, extra="", options=""):
        """Create a guest from guest.cfg; returns when xl does."""
        settings = " ".join("'%s'" % line for line in extra.split(";") if line)
        # It would go on behind what an earlier guest of this name wrote.
        self.check("rm -f /var/log/xen/console/guest-%s.log" % name)
        self.check("xl create %s guest.cfg 'name=\"%s\"' %s"
                   % (options, name, settings), GUEST_LIMIT_S)

    def console(self, name=None):
        """The machine's console, or all that the guest @name wrote."""
        if name is None:
            return super().console()
        return self.run("cat /var/log/xen/console/guest-%s.log" % name)[1]

    def wait_up(self, name, times=1):
        """Wait until the guest has come up, @times times by now."""
        def up():
            # Not all of it: a guest's panic would be taken for the machine's.
            said = self.run("grep -o 'guest: up, [0-9]* CPUs' "
                            "/var/log/xen/console/guest-%s.log" % name)[1]
            found = re.findall(r"up, (\d+) CPUs", said)
            return int(found[-1]) if len(found) >= times else None
        return self.until("guest %s" % name, up)

    def in_guest(self, name, command, limit_s=GUEST_LIMIT_S):
        """Run one line of shell in a guest, which must succeed."""
        assert "'" not in command
        return self.check("guest-run %s '%s'" % (name, command), limit_s)

    def shell(self, name, command, limit_s=GUEST_LIMIT_S):
        """The same without xl: quicker."""
        assert "'" not in command
        return self.check("guest-sh %s '%s'" % (name, command), limit_s)

    def load_drivers(self, name):
        """Load what a guest's disks and networks take."""
        self.shell(name, "modprobe -a crc32c_generic ext4 xen-blkfront "
                   "xen-netfront")

    def destroy(self, name):
        self.check("xl destroy %s" % name)
        self.wait_gone(name)

    def wait_gone(self, name):
        self.until("the end of %s" % name,
                   lambda: name not in self.domains())
