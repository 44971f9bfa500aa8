"""The version, where no import of package metadata is needed to read it."""

from __future__ import annotations

VERSION = "0.1.0"
