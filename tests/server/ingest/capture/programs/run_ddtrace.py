"""ddtrace with its own OTLP exporter."""

from __future__ import annotations

import calls
from ddtrace import patch
from ddtrace.trace import tracer

patch(openai=True)
with tracer.trace("capture"):
    calls.make()
tracer.flush()
tracer.shutdown()
