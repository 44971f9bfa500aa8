"""Spans in ClickHouse."""
