"""Both ports behind certificates of an authority of our own."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
import pytest
import trustme
from axonize_server.model import StartError
from axonize_server.settings import ServerSettings
from axonize_server.tls import TLS

from axonize.config import Config
from axonize.export import make_exporter
from axonize.export.exporter import Retryable
from tests.server.rows import trace_id
from tests.server.serving import ServeProcess, otlp

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class Files:
    """Certificates on the disk: the authority's, the server's and a client's."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        self.client = folder / "client.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        self.issue()
        client = self.authority.issue_cert("sender@example.org")
        client.private_key_and_cert_chain_pem.write_to_path(self.client)

    def issue(self) -> bytes:
        """Write a certificate of the server and its key, and return it in DER."""
        server = self.authority.issue_cert("localhost", "127.0.0.1")
        server.private_key_pem.write_to_path(self.key)
        self.cert.write_bytes(b"".join(part.bytes() for part in server.cert_chain_pems))
        return ssl.PEM_cert_to_DER_cert(server.cert_chain_pems[0].bytes().decode())

    def settings(self) -> dict[str, str]:
        return {"AXONIZE_TLS_CERT": str(self.cert), "AXONIZE_TLS_KEY": str(self.key)}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_both_ports_take_tls_and_nothing_else(files: Files, tmp_path: Path) -> None:
    server = ServeProcess(tmp_path / "data", **files.settings())
    try:
        state = server.wait_ready()
        assert (state["http"][:8], state["grpc"][:8]) == ("https://", "https://")
        trusting = ssl.create_default_context(cafile=str(files.ca))
        for number, endpoint in enumerate((state["grpc"], state["http"] + "/v1/traces"), 1):
            config = Config(endpoint=endpoint, certificate=str(files.ca))
            exporter = make_exporter(config)
            assert exporter.send(otlp(number, spans=2), 240).rejected_spans == 0
            exporter.close()
            url = f"{state['http']}/api/v1/traces/{trace_id(number)}"
            trace = httpx.get(url, verify=trusting, timeout=240)
            assert trace.json()["span_count"] == 2

        environ = {"AXONIZE_ENDPOINT": state["grpc"], "PATH": "/usr/bin"}
        doctor = [sys.executable, "-m", "axonize", "doctor", "--server", state["http"]]
        blind = subprocess.run(doctor, env=environ, capture_output=True, text=True)
        assert blind.returncode == 1
        assert "Set AXONIZE_CERTIFICATE to the file of the authorities" in blind.stdout
        environ["AXONIZE_CERTIFICATE"] = str(files.ca)
        seeing = subprocess.run(doctor, env=environ, capture_output=True, text=True)
        assert seeing.returncode == 0, seeing.stdout
        assert f"{state['grpc']} (grpc) took a span, and it was read back" in seeing.stdout

        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{state['http']}/healthz", timeout=240)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{state['http'].replace('https', 'http')}/healthz", timeout=240)
        for config in (
            Config(endpoint=state["grpc"]),  # does not know the authority
            Config(endpoint=state["grpc"].removeprefix("https://")),  # speaks without TLS
        ):
            exporter = make_exporter(config)
            with pytest.raises(Retryable):
                exporter.send(otlp(3), 5)
            exporter.close()
    finally:
        code, output, errors = server.end()
    assert (code, errors) == (0, "")
    assert f"OTLP gRPC    {state['grpc']}" in output


def test_clients_may_need_a_certificate_too(files: Files, tmp_path: Path) -> None:
    environment = {**files.settings(), "AXONIZE_TLS_CLIENT_CA": str(files.ca)}
    server = ServeProcess(tmp_path / "data", **environment)
    try:
        state = server.wait_ready()
        stranger = ssl.create_default_context(cafile=str(files.ca))
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{state['http']}/healthz", verify=stranger, timeout=240)
        known = ssl.create_default_context(cafile=str(files.ca))
        known.load_cert_chain(files.client)
        answer = httpx.get(f"{state['http']}/healthz", verify=known, timeout=240)
        assert answer.json() == {"status": "ok"}

        ca, client = files.ca.read_bytes(), files.client.read_bytes()
        for credentials, is_known in (
            (grpc.ssl_channel_credentials(ca), False),
            (grpc.ssl_channel_credentials(ca, client, client), True),
        ):
            address = state["grpc"].removeprefix("https://")
            with grpc.secure_channel(address, credentials) as channel:
                export = channel.unary_unary(EXPORT)
                if is_known:
                    export(otlp(1), timeout=240)
                else:
                    with pytest.raises(grpc.RpcError):
                        export(otlp(1), timeout=240)
    finally:
        assert server.end()[0] == 0


def shown(url: str, trusting: ssl.SSLContext) -> bytes:
    """Return the certificate that a port shows to a new connection, in DER."""
    host, port = url.removeprefix("https://").split(":")
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((host, int(port)), timeout=60) as plain,
        trusting.wrap_socket(plain, server_hostname=host) as connection,
    ):
        found = connection.getpeercert(binary_form=True)
    assert found is not None
    return found


def wait_until(both: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not both():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_renewed_certificate_is_shown_by_both_ports_and_a_broken_one_by_none(
    files: Files, tmp_path: Path
) -> None:
    first = ssl.PEM_cert_to_DER_cert(files.cert.read_text())
    server = ServeProcess(tmp_path / "data", **files.settings())
    try:
        state = server.wait_ready()
        trusting = ssl.create_default_context(cafile=str(files.ca))

        def show(certificate: bytes) -> bool:
            return {shown(state[port], trusting) for port in ("http", "grpc")} == {certificate}

        address = state["grpc"].removeprefix("https://")
        credentials = grpc.ssl_channel_credentials(files.ca.read_bytes())
        with (
            httpx.Client(base_url=state["http"], verify=trusting) as old_http,
            grpc.secure_channel(address, credentials) as old_grpc,
        ):
            send = old_grpc.unary_unary(EXPORT)
            assert old_http.get("/healthz", timeout=240).status_code == 200
            send(otlp(1), timeout=240)
            stream = old_http._transport._pool.connections[0]  # type: ignore[attr-defined]
            assert show(first)

            files.cert.write_text("hello")
            wait_until(lambda: "tls_cert" in server.errors())
            assert show(first)
            second = files.issue()
            wait_until(lambda: show(second))

            assert old_http.get("/healthz", timeout=240).status_code == 200
            assert old_http._transport._pool.connections == [stream]  # type: ignore[attr-defined]
            send(otlp(2), timeout=240)
            files.key.unlink()
            wait_until(lambda: "tls_key" in server.errors())
            assert show(second)
            third = files.issue()
            wait_until(lambda: show(third))
    finally:
        code, _, errors = server.end()
    assert code == 0
    said = re.findall(r"before is served on: (.*) \[axonize\.server\]", errors)
    assert said == [
        f"tls_cert={files.cert} cannot be used: it holds no certificate in PEM",
        f"tls_key={files.key} cannot be used: No such file or directory",
    ]


def test_authorities_of_clients_are_renewed_too(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path_of(tmp_path, "other"))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(files.ca.read_bytes())
    environment = {**files.settings(), "AXONIZE_TLS_CLIENT_CA": str(trusted)}
    server = ServeProcess(tmp_path / "data", **environment)
    try:
        state = server.wait_ready()

        def lets_in(client: Path) -> set[bool]:
            known = ssl.create_default_context(cafile=str(files.ca))
            known.load_cert_chain(client)
            pair = client.read_bytes()
            credentials = grpc.ssl_channel_credentials(files.ca.read_bytes(), pair, pair)
            answers = set()
            try:
                url = f"{state['http']}/healthz"
                answers.add(httpx.get(url, verify=known, timeout=240).is_success)
            except httpx.HTTPError:
                answers.add(False)
            address = state["grpc"].removeprefix("https://")
            with grpc.secure_channel(address, credentials) as channel:
                try:
                    channel.unary_unary(EXPORT)(otlp(1), timeout=240)
                    answers.add(True)
                except grpc.RpcError:
                    answers.add(False)
            return answers

        assert (lets_in(files.client), lets_in(other.client)) == ({True}, {False})
        trusted.write_bytes(other.ca.read_bytes())
        wait_until(lambda: lets_in(other.client) == {True})
        assert lets_in(files.client) == {False}
    finally:
        assert server.end()[0] == 0


def settings(files: Files, **other: object) -> ServerSettings:
    given = {"tls_cert": str(files.cert), "tls_key": str(files.key)}
    return ServerSettings(**{**given, **{name: str(path) for name, path in other.items()}})  # type: ignore[arg-type]


def test_files_that_fit_are_taken(files: Files) -> None:
    assert TLS.of(settings(files)) is not None
    assert TLS.of(settings(files, tls_client_ca=files.ca)) is not None
    assert TLS.of(ServerSettings()) is None


def test_what_is_wrong_with_a_file_is_said_with_its_setting(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path_of(tmp_path, "other"))
    text = tmp_path / "text.pem"
    text.write_text("hello")
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkey", "-in", files.key, "-out", locked, "-aes256", "-passout", "pass:x"],
        check=True,
    )
    for name, path, reason in (
        ("tls_cert", text, "it holds no certificate in PEM"),
        ("tls_cert", files.key, "it holds no certificate in PEM"),
        ("tls_key", text, "it holds no private key in PEM"),
        ("tls_key", files.cert, "it holds no private key in PEM"),
        ("tls_key", other.key, "it is not the key of the certificate in tls_cert"),
        ("tls_key", locked, "it has a passphrase; write it without one: openssl pkey"),
        ("tls_key", tmp_path / "none", "No such file or directory"),
        ("tls_client_ca", text, "it holds no certificate in PEM"),
    ):
        with pytest.raises(StartError, match=f"^{name}={path} cannot be used: {reason}"):
            TLS.of(settings(files, **{name: path}))


def tmp_path_of(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_serve_ends_with_2_before_it_makes_anything(files: Files, tmp_path: Path) -> None:
    files.key.write_text("hello")
    command = [sys.executable, "-m", "axonize", "serve", "--data-dir", "data"]
    environ = {**files.settings(), "PATH": "/usr/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    message = f"axonize: tls_key={files.key} cannot be used: it holds no private key in PEM\n"
    assert done.stderr == message
    assert not (tmp_path / "data").exists()
