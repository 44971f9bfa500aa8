"""What engines and their GPUs did by the minute, in ClickHouse."""
