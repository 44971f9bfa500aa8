"""Shared by all tests: nothing of Axonize is switched on from outside."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ.pop("AXONIZE_AUTO", None)

# How long an example takes is the machine's affair.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
