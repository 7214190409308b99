# SPDX-License-Identifier: MIT
"""conftest.py - a Debian Dom0 with Debian's toolstack, for a module's tests

The tests of a module share one machine for each hypervisor and follow one
another. They run on our release build and on Debian's Xen, the control: what
fails there too is a fault of the test or of the emulator. The mark

    @on("control")

leaves ours out: what has not been shown there. A module may set DOM0_OPTIONS,
a dictionary of what its machine has beyond dom0.Dom0's own choice.
"""
import pathlib
import sys
import warnings

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "system"))
import lab  # noqa: E402

import dom0 as dom0_module  # noqa: E402

EMULATOR_CRASHES = 2


def pytest_configure(config):
    config.addinivalue_line("markers", "on(*hypervisors): run on these builds")


def pytest_generate_tests(metafunc):
    if "hypervisor" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("on")
    names = mark.args if mark else ("release", "control")
    # Indirect: otherwise a test's own parameters scatter its hypervisors, and
    # a module would go from one machine to the other and back.
    metafunc.parametrize("hypervisor", names, scope="module", indirect=True)


@pytest.fixture(scope="module")
def hypervisor(request):
    """What the machine runs on, by its name in lab.HYPERVISORS."""
    return request.param


def boot(name, hypervisor, options):
    """A machine at Dom0's shell; begun anew if QEMU dies meanwhile."""
    for crashes in range(EMULATOR_CRASHES + 1):
        host = dom0_module.Dom0(name, hypervisor, **options)
        try:
            host.start()
            return host
        except lab.EmulatorCrash as crash:
            host.close()
            if crashes == EMULATOR_CRASHES:
                raise
            warnings.warn(str(crash))
        except BaseException:
            host.close()
            raise
    return None


@pytest.fixture(scope="module")
def dom0(request, hypervisor):
    host = boot("%s-%s" % (request.module.__name__[len("test_"):],
                           hypervisor), hypervisor,
                getattr(request.module, "DOM0_OPTIONS", {}))
    yield host
    host.close()
