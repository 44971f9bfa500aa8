"""GPU metrics in ClickHouse."""
