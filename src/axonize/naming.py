"""The name of a model, of what it was loaded by."""

from __future__ import annotations

from pathlib import PurePath

CACHE_PREFIX = "models--"  # of folders in the cache of Hugging Face's hub


def name_of(loaded_by: str) -> str:
    """Return the name on the hub, or the last folder: those of this machine say nothing."""
    path = PurePath(loaded_by)
    for part in path.parts:
        if part.startswith(CACHE_PREFIX):
            return part.removeprefix(CACHE_PREFIX).replace("--", "/")
    is_folder = path.is_absolute() or len(path.parts) > 2 or loaded_by.startswith(".")
    return path.name if is_folder else loaded_by
