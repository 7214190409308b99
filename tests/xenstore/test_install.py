# SPDX-License-Identifier: MIT
"""What make install leaves behind is used from there."""
import os
import re
import subprocess

import pytest

import daemon as daemon_module

PROGRAM = r"""
#include <stdio.h>
#include <xenstore.h>

int main(void)
{
	struct xs_handle *h = xs_open(0);
	unsigned int len;

	return !h || !xs_write(h, XBT_NULL, "/a", "from C", 6) ||
	       puts(xs_read(h, XBT_NULL, "/a", &len)) < 0;
}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("install")
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("MAKE") and k != "MFLAGS"}
    subprocess.run(["make", "-s", "install-xenstore", "PREFIX=/opt/lodge",
                    "DESTDIR=%s" % root], cwd=daemon_module.TOP, env=env,
                   check=True, timeout=300)
    return root


def test_files(installed):
    prefix = installed / "opt/lodge"
    for name, mode in (("sbin/lodge-xenstored", 0o755),
                       ("bin/xenstore", 0o755),
                       ("lib/lodge/libxenstore.so.4", 0o644),
                       ("include/lodge/xenstore.h", 0o644),
                       ("share/man/man1/xenstore.1", 0o644),
                       ("share/man/man8/lodge-xenstored.8", 0o644)):
        assert (prefix / name).stat().st_mode & 0o7777 == mode, name
    unit = prefix / "lib/systemd/system/lodge-xenstored.service"
    started = re.search(r"^ExecStart=(\S+)", unit.read_text(), re.M).group(1)
    assert os.access(str(installed) + started, os.X_OK)


def test_manuals_name_every_option(installed):
    """What --help knows is in the manual, and the other way round."""
    prefix = installed / "opt/lodge"

    def words(text, pattern):
        return set(re.findall(pattern, text.replace("\\-", "-")))

    def output(program, *args):
        done = subprocess.run([str(prefix / program), *args], timeout=60,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=True)
        return done.stdout.decode()

    manual = (prefix / "share/man/man8/lodge-xenstored.8").read_text()
    option = r"^(?:  |\.B |\.BI |\.BR )\"?(--[a-z-]+)"
    usage = output("sbin/lodge-xenstored", "--help")
    assert {o for o in re.findall(option, usage, re.M)} == {
        o for o in re.findall(option, manual.replace("\\-", "-"), re.M)}
    manual = (prefix / "share/man/man1/xenstore.1").read_text()
    usage = output("bin/xenstore", "--help")
    commands = re.findall(r"^  ([a-z]+) ", usage, re.M)
    assert len(commands) == 10
    for command in commands:
        entry = re.search(r"^\.BR %s .*\n" % command, manual, re.M).group(0)
        line = re.search(r"^  %s .*\n" % command, usage, re.M).group(0)
        assert words(entry, r"(?<![a-z])--?[a-zA-Z]+") == \
            words(line, r"(?<![a-z])--?[a-zA-Z]+") - {"-h", "-s"}, command


def test_programs_can_be_built(installed, daemon, tmp_path):
    prefix = installed / "opt/lodge"
    (tmp_path / "p.c").write_text(PROGRAM)
    subprocess.run(["cc", "-I%s" % (prefix / "include/lodge"), "-o",
                    str(tmp_path / "p"), str(tmp_path / "p.c"),
                    "-L%s" % (prefix / "lib/lodge"), "-lxenstore"],
                   check=True, timeout=60)
    env = dict(os.environ, XENSTORED_PATH=str(daemon.socket),
               LD_LIBRARY_PATH=str(prefix / "lib/lodge"))
    done = subprocess.run([str(tmp_path / "p")], env=env, check=True,
                          stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == b"from C\n"
    done = subprocess.run([str(prefix / "bin/xenstore"), "read", "/a"],
                          env=env, check=True, stdout=subprocess.PIPE,
                          timeout=60)
    assert done.stdout == b"from C\n"
    assert daemon.client().read("/a") == b"from C"
