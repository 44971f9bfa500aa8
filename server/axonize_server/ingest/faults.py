"""Why spans of a request are left out, as senders are told."""

from __future__ import annotations

FINE, INVALID_IDS, INVALID_STEP, INVALID_ARRAYS = range(4)

REASONS = (
    "",
    "spans without a valid trace id (16 bytes), span id or parent span id (8 bytes)",
    "engine steps without axonize.engine.id (text) or axonize.step.number (an integer from 0)",
    "engine steps with arrays of unequal lengths, or of other elements than they are made of",
)
"""Follows the number of spans; its place is the code of the fault."""
