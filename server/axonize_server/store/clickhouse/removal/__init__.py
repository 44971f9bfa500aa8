"""Removing traces and days of a tenant, and what was rolled up of them."""
