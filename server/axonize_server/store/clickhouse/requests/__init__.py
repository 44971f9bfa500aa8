"""Traces as requests, many at once: when they began, how long they took, what they have."""
