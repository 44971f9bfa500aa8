"""OTLP bytes in, Arrow tables of spans out."""
