# SPDX-License-Identifier: MIT
"""conftest.py - which hypervisors a system test runs on

A test that takes the fixture `hypervisor` runs on our release build; the marks

    @on("release", "debug")

choose others. Debian's Xen, the control, is added to every such test in the
full run: what fails there too is a fault of the test or of the emulator.
"""
import warnings

import lab
import pytest

# A test is begun anew if the emulator dies under it, so many times at most.
EMULATOR_CRASHES = 2


def pytest_configure(config):
    config.addinivalue_line("markers", "on(*hypervisors): run on these builds")


def pytest_generate_tests(metafunc):
    if "hypervisor" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("on")
    names = mark.args if mark else ("release",)
    params = list(names)
    if "control" not in names:
        params.append(pytest.param("control", marks=pytest.mark.full))
    metafunc.parametrize("hypervisor", params, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Call the test; again if QEMU crashed, which says nothing of the test."""
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    for crashes in range(EMULATOR_CRASHES + 1):
        try:
            pyfuncitem.obj(**arguments)
            return True
        except lab.EmulatorCrash as crash:
            if crashes == EMULATOR_CRASHES:
                raise
            warnings.warn(str(crash))
    return True


@pytest.fixture
def log_name(request):
    """A name for log files, made from the test's."""
    return request.node.name.replace("[", "-").replace("]", "")
