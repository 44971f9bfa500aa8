"""Shared by all tests: internal errors of the SDK are raised, not swallowed."""

from __future__ import annotations

import os

os.environ.pop("AXONIZE_AUTO", None)
