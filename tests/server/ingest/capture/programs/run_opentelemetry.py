"""OpenTelemetry's own instrumentation of the OpenAI client."""

from __future__ import annotations

import calls
import provider
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

made = provider.make()
OpenAIInstrumentor().instrument(tracer_provider=made)
calls.make()
made.shutdown()
