"""The optional C extension; everything else is in pyproject.toml."""

from __future__ import annotations

import os

from setuptools import Extension, setup

mode = os.environ.get("AXONIZE_EXTENSION", "auto")  # auto | require | skip
core = Extension(
    "axonize._core", ["src/axonize/_core.c"], optional=mode != "require", extra_compile_args=["-O2"]
)
setup(ext_modules=[] if mode == "skip" else [core])
