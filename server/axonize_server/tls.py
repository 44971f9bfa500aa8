"""TLS for both ports: reads the files of the settings once, and says plainly what is wrong."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import grpc

from axonize_server.model import StartError
from axonize_server.settings import ServerSettings

# How OpenSSL's releases say that a file does not hold what it should.
NOTHING_FOUND = (None, "PEM_LIB", "NO_START_LINE", "NO_CERTIFICATE_OR_CRL_FOUND")


@dataclass(frozen=True)
class TLS:
    """Files that were read and fit together."""

    cert: str
    key: str
    client_ca: str

    @classmethod
    def of(cls, settings: ServerSettings) -> TLS | None:
        """Return what the settings name, None without; raises StartError when it is unusable."""
        if not settings.uses_tls:
            return None
        tls = cls(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
        tls._try()
        return tls

    def _try(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _load("tls_cert", self.cert, lambda: context.load_verify_locations(self.cert))
        _load("tls_key", self.key, lambda: context.load_cert_chain(self.cert, self.key, _refuse))
        if self.client_ca:
            _load(
                "tls_client_ca",
                self.client_ca,
                lambda: context.load_verify_locations(self.client_ca),
            )

    def for_http(self) -> dict[str, Any]:
        """Return uvicorn's arguments."""
        files = {"ssl_certfile": self.cert, "ssl_keyfile": self.key}
        if not self.client_ca:
            return files
        return {**files, "ssl_ca_certs": self.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return the credentials of gRPC's port."""
        pair = (Path(self.key).read_bytes(), Path(self.cert).read_bytes())
        authorities = Path(self.client_ca).read_bytes() if self.client_ca else None
        return grpc.ssl_server_credentials([pair], authorities, bool(authorities))


class _PassphraseAsked(Exception):  # noqa: N818 - what happened, not what it is
    """A passphrase was asked for."""


def _refuse() -> NoReturn:
    raise _PassphraseAsked


def _load(setting: str, path: str, read: Any) -> None:
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
    raise StartError(f"{setting}={path} cannot be used: {reason}")


def _explain(setting: str, reason: str | None) -> str:
    if reason == "KEY_VALUES_MISMATCH":
        return "it is not the key of the certificate in tls_cert"
    if reason in NOTHING_FOUND:
        return f"it holds no {'private key' if setting == 'tls_key' else 'certificate'} in PEM"
    return str(reason)
