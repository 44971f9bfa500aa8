"""`python -m axonize`: the same as the `axonize` command."""

from __future__ import annotations

import sys

from axonize.cli import main

if __name__ == "__main__":
    sys.exit(main())
