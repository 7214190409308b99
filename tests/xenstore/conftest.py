# SPDX-License-Identifier: MIT
"""conftest.py - daemons for the tests of the store"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import daemon as daemon_module  # noqa: E402


@pytest.fixture
def daemon():
    """Our daemon on sockets, under the sanitizers."""
    d = daemon_module.Daemon()
    yield d
    d.close()


@pytest.fixture
def host():
    """Our daemon with domains that the test plays."""
    d = daemon_module.Daemon(domains=True)
    yield d
    d.close()


@pytest.fixture
def client(daemon):
    return daemon.client()
