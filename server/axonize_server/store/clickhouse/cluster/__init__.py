"""Tables on a cluster of ClickHouse."""
