"""The Axonize server: OTLP in, ClickHouse and PostgreSQL behind, REST and the web UI out."""
