"""Parts of tables on a disk that gets full, under an engine that does not notice it."""
