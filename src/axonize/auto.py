"""`import axonize.auto` starts Axonize from the environment and traces every supported library."""

from __future__ import annotations

import os

from axonize import _boot

os.environ[_boot.SWITCH] = "1"  # processes that this one spawns start by themselves
_boot.init_once()
