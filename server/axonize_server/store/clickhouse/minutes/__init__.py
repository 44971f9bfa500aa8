"""Statistics of spans by the minute in which they ended."""
