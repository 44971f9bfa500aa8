"""Continuous batching: the requests of a manager, and the steps they ride in."""
