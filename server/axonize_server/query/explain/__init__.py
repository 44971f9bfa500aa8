"""Where the time of a trace went: parts that add up to its root, each with its evidence."""
