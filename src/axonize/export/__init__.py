"""From spans to the collector: the background worker and its transports."""
