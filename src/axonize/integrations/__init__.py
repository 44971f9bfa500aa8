"""The libraries Axonize can trace."""
