"""`axonize demo`: a small model, a traced service and a server, from nothing, in under a minute."""
