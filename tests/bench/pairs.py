#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What two domains pay that deal with each other, as calls.py does it.

The guest tests/guests/pairs is Dom0 and makes the other domain. Prints tables
with ratios and keeps them as build/bench/pairs.json.
"""
import calls

if __name__ == "__main__":
    calls.compare("pairs")
