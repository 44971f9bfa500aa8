"""TLS for both ports: says plainly what is wrong with the files, and takes renewed ones."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import grpc

from axonize_server.model import StartError, UnusableFile
from axonize_server.settings import ServerSettings

logger = logging.getLogger("axonize.server")

# A renewed certificate is served within this time; looking costs three stats.
LOOK_EVERY_S = 2.0

# How OpenSSL's releases say that a file does not hold what it should.
NOTHING_FOUND = (None, "PEM_LIB", "NO_START_LINE", "NO_CERTIFICATE_OR_CRL_FOUND")

Stamp = tuple[tuple[int, int, int], ...]
"""Which files these are, and as of when: another one, or one written anew, has another stamp."""


@dataclass(frozen=True)
class TLSFiles:
    """Where the files are; `client_ca` is "" when clients need no certificate."""

    cert: str
    key: str
    client_ca: str

    def stamp(self) -> Stamp:
        """Return the stamp; raises UnusableFile for a file that is away."""
        return tuple(_stamp(setting, path) for setting, path in vars(self).items() if path)

    def read(self) -> Served:
        """Return what they hold, which was tried and fits together; raises UnusableFile."""
        stamp = self.stamp()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # On a context of its own: clients are to be checked against the authorities alone.
        certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _load("cert", self.cert, lambda: certificates.load_verify_locations(self.cert))
        _load("key", self.key, lambda: context.load_cert_chain(self.cert, self.key, _refuse))
        if self.client_ca:
            _load(
                "client_ca", self.client_ca, lambda: context.load_verify_locations(self.client_ca)
            )
        return Served(stamp, context, self._for_grpc())

    def _for_grpc(self) -> grpc.ServerCertificateConfiguration:
        pair = (_read("key", self.key), _read("cert", self.cert))
        authorities = _read("client_ca", self.client_ca) if self.client_ca else None
        return grpc.ssl_server_certificate_configuration([pair], authorities)


@dataclass(frozen=True)
class Served:
    """What the files held, for either port."""

    stamp: Stamp
    context: ssl.SSLContext
    configuration: grpc.ServerCertificateConfiguration


class TLS:
    """The certificate that new connections get: the newest that could be used."""

    def __init__(self, files: TLSFiles) -> None:
        self._files = files
        self._served = files.read()

    @classmethod
    def of(cls, settings: ServerSettings) -> TLS | None:
        """Return what the settings name, None without; raises StartError when it is unusable."""
        if not settings.uses_tls:
            return None
        try:
            return cls(TLSFiles(settings.tls_cert, settings.tls_key, settings.tls_client_ca))
        except UnusableFile as error:
            raise StartError(str(error)) from None

    def renew(self) -> None:
        """Serve what the files hold now; raises UnusableFile and serves what it served before."""
        if self._files.stamp() == self._served.stamp:
            return
        self._served = self._files.read()
        logger.info("new connections get the certificate that is in %s now", self._files.cert)

    def for_http(self) -> dict[str, Any]:
        """Return uvicorn's arguments."""
        files = {"ssl_certfile": self._files.cert, "ssl_keyfile": self._files.key}
        if not self._files.client_ca:
            return files
        authorities = {"ssl_ca_certs": self._files.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return {**files, **authorities}

    def follow(self, context: ssl.SSLContext) -> None:
        """Have each new connection of a context get the newest certificate and authorities."""

        def choose(connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
            connection.context = self._served.context

        context.sni_callback = choose

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return the credentials of gRPC's port, which follow the files."""
        given = self._served.configuration

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            """Return a configuration when it is another one; called before each handshake."""
            nonlocal given
            newest = self._served.configuration
            if newest is given:
                return None
            given = newest
            return newest

        return grpc.dynamic_ssl_server_credentials(given, fetch, bool(self._files.client_ca))


class _PassphraseAsked(Exception):  # noqa: N818 - what happened, not what it is
    """A passphrase was asked for."""


def _refuse() -> NoReturn:
    raise _PassphraseAsked


def _stamp(setting: str, path: str) -> tuple[int, int, int]:
    try:
        found = Path(path).stat()
    except OSError as error:
        raise _unusable(setting, path, error.strerror or str(error)) from None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _load(setting: str, path: str, read: Callable[[], None]) -> None:
    try:
        read()
    except _PassphraseAsked:
        reason = "it has a passphrase; write it without one: openssl pkey -in FILE -out NEW"
    except ssl.SSLError as error:
        reason = _explain(setting, error.reason)
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return
    raise _unusable(setting, path, reason)


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:  # it may go just now
        raise _unusable(setting, path, error.strerror or str(error)) from None


def _unusable(setting: str, path: str, reason: str) -> UnusableFile:
    return UnusableFile(f"tls_{setting}={path} cannot be used: {reason}")


def _explain(setting: str, reason: str | None) -> str:
    if reason == "KEY_VALUES_MISMATCH":
        return "it is not the key of the certificate in tls_cert"
    if reason in NOTHING_FOUND:
        return f"it holds no {'private key' if setting == 'key' else 'certificate'} in PEM"
    return str(reason)
