"""Traces rolled up from their spans: the job that does it, and the list that reads it."""
