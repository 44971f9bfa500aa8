"""Makes the files in `payloads` again: real instrumentations, a model that is none.

`python -m tests.server.ingest.capture NAME` makes a virtual environment that is thrown away,
installs what `EMITTERS` says, runs `programs/run_NAME.py` there against `openai_api.py`, and keeps
the one OTLP request that it sends. Needs a package index; no test runs it.
"""
