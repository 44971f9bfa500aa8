"""Observability for AI inference."""
