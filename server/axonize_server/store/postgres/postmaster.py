"""Where an embedded PostgreSQL listens, and whether one does."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

PORT = 5432
# The shortest of the limits of the systems; without the name of the socket.
LONGEST_FOLDER = 103 - len(f"/.s.PGSQL.{PORT}")
PROBE_S = 2.0


def socket_folder(directory: Path) -> Path:
    """Return where the socket goes: into the database's folder unless its path is too long."""
    if len(bytes(directory)) <= LONGEST_FOLDER:
        return directory
    name = hashlib.sha256(f"{directory}-{directory.stat().st_ino}".encode()).hexdigest()[:16]
    return Path("/tmp") / f"axonize-{name}"  # noqa: S108  the only short folder there is


def postmaster_lines(directory: Path) -> list[str]:
    """Return the lines of postmaster.pid; none when there is no such file."""
    try:
        return (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def answers(directory: Path) -> bool:
    """Return whether something listens on the socket that postmaster.pid names.

    One that is slow to answer does listen; the number of its process says nothing, since a dead
    process may still be listed, or another program may have its number.
    """
    lines = postmaster_lines(directory)
    if len(lines) < 5:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True
