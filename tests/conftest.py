# SPDX-License-Identifier: MIT
"""conftest.py - what all kinds of tests share: where things are"""
import pathlib

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def top():
    """The top of the source tree."""
    return TOP


@pytest.fixture(scope="session")
def build():
    """The directory with everything that make has built."""
    return TOP / "build"
