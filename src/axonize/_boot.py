"""What axonize.pth runs at the start of every Python process that has AXONIZE_AUTO set."""

from __future__ import annotations

import os

from axonize.finder import when_imported, when_numbered_imported
from axonize.integrations import REGISTRY

SWITCH = "AXONIZE_AUTO"


def start_if_enabled() -> None:
    """Start unless the switch is empty or says no."""
    if os.environ.get(SWITCH, "").lower() not in ("", "0", "false", "no", "off"):
        start()


def start() -> None:
    """Wait for the first import of a supported library; only that loads and starts the rest."""
    global _started
    if _started:
        return
    _started = True
    for _, library, _ in REGISTRY:
        if library:
            when_imported(library, init_once)
    when_numbered_imported(lambda _: init_once())


_started = False


def init_once() -> None:
    """Start Axonize from the environment, unless the application has done it in its own way."""
    import axonize

    if not axonize.initialized():
        axonize.init()
