"""Engine steps in ClickHouse."""
