"""How many levels of a model's modules may still have spans, inside the work that runs now."""

from __future__ import annotations

from contextvars import ContextVar

module_levels: ContextVar[int] = ContextVar("axonize_module_levels")
"""0 where a framework's span stands for the model already; unset outside of any model."""
