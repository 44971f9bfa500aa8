"""The only room with SQL: ClickHouse for spans, PostgreSQL for accounts."""
