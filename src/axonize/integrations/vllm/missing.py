"""Says once what could not be followed in this version of vLLM."""

from __future__ import annotations

import functools
import logging

from axonize import patching

_logger = logging.getLogger("axonize")

# What older versions do not have, and do not need.
NOT_EVERYWHERE = ("OutputProcessor._finish_request",)


@functools.cache
def warn_of_missing() -> None:
    """Warn of the hooks that this vLLM has no place for; the others work without them."""
    missing = [
        row.target
        for row in patching.report()
        if row.integration == "vllm"
        and row.state in ("missing", "failed")
        and not row.target.endswith(NOT_EVERYWHERE)
    ]
    if missing:
        _logger.warning(
            "this version of vLLM has no %s: traces lack what is seen there; see `axonize doctor`",
            ", ".join(missing),
        )
