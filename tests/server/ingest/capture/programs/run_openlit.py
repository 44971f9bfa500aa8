"""OpenLIT as its documentation says, one call; prices from a file, not from its web site."""

from __future__ import annotations

import calls
import openlit
from opentelemetry import trace

openlit.init(disable_metrics=True, pricing_json="pricing.json")
calls.make()
trace.get_tracer_provider().shutdown()
