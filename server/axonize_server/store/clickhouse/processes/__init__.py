"""What processes say of their own telemetry."""
