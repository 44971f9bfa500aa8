"""OpenLLMetry's instrumentation of the OpenAI client."""

from __future__ import annotations

import calls
import provider
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

made = provider.make()
OpenAIInstrumentor().instrument(tracer_provider=made)
calls.make()
made.shutdown()
