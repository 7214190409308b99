# SPDX-License-Identifier: MIT
"""conftest.py - lodge-consoled, with the test in the role of the guests"""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "xenstore")]

import daemon as daemon_module  # noqa: E402

import consoled  # noqa: E402


@pytest.fixture
def store():
    """Our store, with domains that the test plays."""
    d = daemon_module.Daemon(domains=True)
    yield d
    d.close()


@pytest.fixture
def console(store):
    """Our daemon, which serves the consoles of these domains."""
    d = consoled.Consoled(store)
    yield d
    d.close()
