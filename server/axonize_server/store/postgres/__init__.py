"""Tenants and keys in PostgreSQL."""
