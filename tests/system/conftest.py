# SPDX-License-Identifier: MIT
"""conftest.py - which hypervisors a system test runs on

A test that takes the fixture `hypervisor` runs on our release build; the marks

    @on("release", "debug")

choose others. Debian's Xen, the control, is added to every such test in the
full run: what fails there too is a fault of the test or of the emulator.
"""
import pytest


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


@pytest.fixture
def log_name(request):
    """A name for log files, made from the test's."""
    return request.node.name.replace("[", "-").replace("]", "")
