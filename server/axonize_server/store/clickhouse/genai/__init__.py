"""Counts for histograms of the traced services."""
