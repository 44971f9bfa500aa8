"""Whole rows of spans, read in pieces of bounded size."""
