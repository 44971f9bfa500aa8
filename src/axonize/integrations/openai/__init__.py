"""The OpenAI client: one span for each request to a model, to the last chunk of its answer."""

from __future__ import annotations

from axonize.integrations.openai.requests import request, retry, stream
from axonize.patching import Integration, Patch

# Every method of every resource comes through these two, and what it retries lies within.
CLIENT = "openai._base_client"
STREAMS = "openai._streaming"

OPENAI = Integration(
    name="openai",
    requires="openai>=1.40",
    patches=(
        Patch(CLIENT, "SyncAPIClient.request", request, kind="rewrite"),
        Patch(CLIENT, "AsyncAPIClient.request", request, kind="rewrite"),
        Patch(CLIENT, "SyncAPIClient._sleep_for_retry", retry),
        Patch(CLIENT, "AsyncAPIClient._sleep_for_retry", retry),
        Patch(STREAMS, "Stream.__init__", stream),
        Patch(STREAMS, "AsyncStream.__init__", stream),
    ),
)
