"""OTLP metrics in, rows of `gpu_metrics` and `processes` out."""
