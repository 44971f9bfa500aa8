"""Shared by all tests: nothing of Axonize is switched on from outside."""

from __future__ import annotations

import os

os.environ.pop("AXONIZE_AUTO", None)
