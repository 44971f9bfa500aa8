"""For tests of programs that use Axonize: the spans that were recorded."""

from __future__ import annotations
