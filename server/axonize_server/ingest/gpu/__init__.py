"""OTLP metrics in, rows of `gpu_metrics` out."""
