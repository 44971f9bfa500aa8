"""What is stored, to be taken elsewhere: OTLP and Parquet, written piece by piece."""
