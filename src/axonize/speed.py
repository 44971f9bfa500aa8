"""Picks the C or the Python version of the hot classes; the only module that knows of both."""

from __future__ import annotations

import os

from axonize.otlp import encode_request
from axonize.spans import current_span

USING_C = False
# Read here and not from the settings: they are not loaded yet when the first span is made.
if not os.environ.get("AXONIZE_PURE"):  # noqa: TID251
    try:
        from axonize._core import (
            RingBuffer,
            Span,
            StepLog,
            configure,
            encode_spans,
            follow_schedule,
            follow_update,
            reseed,
            set_root_parent,
            set_test_source,
        )

        USING_C = True
    except ImportError:
        pass
if not USING_C:
    from axonize.buffer import RingBuffer
    from axonize.context import set_root_parent
    from axonize.otlp import encode_spans
    from axonize.pipeline import configure
    from axonize.source import reseed, set_test_source
    from axonize.spans import Span
    from axonize.step_log import StepLog, follow_schedule, follow_update

__all__ = [
    "USING_C",
    "RingBuffer",
    "Span",
    "StepLog",
    "configure",
    "current_span",
    "encode_request",
    "encode_spans",
    "follow_schedule",
    "follow_update",
    "reseed",
    "set_root_parent",
    "set_test_source",
]
