"""The server's settings: argument, else environment, else YAML file, else default."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axonize.config import check_file, check_prices, describe_expected, load, parse, setting
from axonize_server import settings_file
from axonize_server.settings_file import Entry

DEFAULT_CONFIG = "config.yaml"


def check_clickhouse(dsn: str) -> None:
    """Raise ValueError for what is no address of ClickHouse."""
    _check_url(dsn, ("http", "https", "chdb"), "http://user:password@host:8123/database")


def check_postgres(dsn: str) -> None:
    """Raise ValueError for what is no address of PostgreSQL; `host=... dbname=...` is one, too."""
    if "=" in dsn and "://" not in dsn:
        return
    _check_url(dsn, ("postgresql", "postgres"), "postgresql://user:password@host:5432/database")


def _check_url(text: str, schemes: tuple[str, ...], example: str) -> None:
    if not text:
        return
    try:
        url = urlsplit(text)
        there = url.scheme in schemes and bool(url.netloc or url.path.strip("/"))
        _ = url.port if url.scheme != "chdb" else None
    except ValueError:
        there = False
    if not there:
        raise ValueError(f"expected an address such as {example}")


def check_root_path(path: str) -> None:
    """Raise ValueError for a path that does not begin with a slash."""
    if path and not path.startswith("/"):
        raise ValueError("expected a path that begins with /")


@dataclass(frozen=True)
class ServerSettings:
    """Every setting of the server."""

    config: str = setting(
        DEFAULT_CONFIG, "YAML file with settings by name; read when it exists, needed when named."
    )
    data_dir: str = setting("~/.axonize", "Folder of the databases that the server brings along.")
    role: str = setting(
        "all",
        "`all`; `ingest`: take OTLP and answer no questions; `query`: UI and API, and take none.",
        choices=("all", "ingest", "query"),
    )
    host: str = setting("127.0.0.1", "Address that both ports listen on; 0.0.0.0 for every one.")
    http_port: int = setting(
        8080, "Port of the UI, the REST API and OTLP over HTTP; 0 for a free one.",
        minimum=0, maximum=65535,
    )  # fmt: skip
    grpc_port: int = setting(
        4317, "Port of OTLP over gRPC; 0 for a free one.", minimum=0, maximum=65535
    )
    root_path: str = setting(
        "",
        "Path under which a proxy serves the server, such as /axonize; empty for none.",
        check=check_root_path,
    )
    tls_cert: str = setting(
        "",
        "File of the certificate, in PEM with what it is signed by; both ports take TLS then, and "
        "nothing else.",
        check=check_file,
    )
    tls_key: str = setting(
        "", "File of the certificate's private key, in PEM without a passphrase.", check=check_file
    )
    tls_client_ca: str = setting(
        "",
        "File of the authorities, in PEM, by one of which every client's certificate must be "
        "signed; without it clients need none.",
        check=check_file,
    )
    clickhouse_dsn: str = setting(
        "",
        "`http://user:password@host:8123/database` of a ClickHouse, or `chdb://<folder>` for one "
        "inside the server, which is the default, in the data folder.",
        secret=True,
        check=check_clickhouse,
    )
    clickhouse_cluster: str = setting(
        "",
        "Name of the cluster in ClickHouse's own configuration on which tables are made: "
        "replicated, and sharded by trace; needs a `clickhouse_dsn` over HTTP.",
    )
    postgres_dsn: str = setting(
        "",
        "`postgresql://user:password@host/database`; without it the server starts its own "
        "PostgreSQL in the data folder.",
        secret=True,
        check=check_postgres,
    )
    auth_mode: str = setting(
        "static",
        "`static`: one key, one tenant; `multi_tenant`: keys that the admin API makes.",
        choices=("static", "multi_tenant"),
    )
    api_key: str = setting(
        "",
        "Key that senders and readers show with `static`; without one only loopback is served.",
        secret=True,
    )
    admin_key: str = setting(
        "",
        "Key of whoever runs the server: makes tenants and their keys; without one nobody can.",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "Names, written `a,b`, that a server without a key answers to beside localhost; for the "
        "name that a proxy sends.",
    )
    cost_per_hour_usd: Mapping[str, float] = setting(
        {},
        "What a GPU costs in US dollars an hour, by a part of its model's name, the longest that "
        "fits: `H100=2.5,A100=1.2`. A price set for the card itself goes before it.",
        check=check_prices,
    )
    query_timeout_s: int = setting(
        30, "Longest time in s that one query may take.", minimum=1, maximum=3600
    )
    query_memory_mb: int = setting(
        1024, "Most memory in MiB that one query may take in ClickHouse.", minimum=16
    )
    query_max_rows: int = setting(
        2_000_000_000, "Most rows that one query may read in ClickHouse.", minimum=1000
    )
    stop_timeout_s: int = setting(
        5, "Longest time in s that a stop waits for requests under way.", minimum=0, maximum=600
    )
    genai_metrics: bool = setting(
        False,
        "Show the latency of the traced services in `/metrics` too, as the histograms "
        "`gen_ai.server.*` of OpenTelemetry, for every tenant.",
    )
    log_format: str = setting(
        "text",
        "`text`: lines for people, coloured on a terminal; `json`: an object a line.",
        choices=("text", "json"),
    )
    log_level: str = setting(
        "warning",
        "Least that is logged of what the server itself says.",
        choices=("debug", "info", "warning", "error"),
    )

    @property
    def data_path(self) -> Path:
        """Return the data folder as an absolute path."""
        return Path(self.data_dir).expanduser().resolve()

    @property
    def clickhouse(self) -> str:
        """Return where ClickHouse is, the embedded one by default."""
        return self.clickhouse_dsn or f"chdb://{self.data_path / 'clickhouse'}"

    @property
    def uses_tls(self) -> bool:
        """Return whether both ports take TLS."""
        return bool(self.tls_cert)

    @property
    def is_open(self) -> bool:
        """Return whether no key is asked for."""
        return self.auth_mode == "static" and not self.api_key

    @property
    def query_limits(self) -> dict[str, int]:
        """Return the ClickHouse settings that bound every query."""
        return {
            "max_execution_time": self.query_timeout_s,
            "max_memory_usage": self.query_memory_mb << 20,
            "max_rows_to_read": self.query_max_rows,
            "max_result_bytes": 1 << 30,
        }


def load_settings(
    arguments: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> ServerSettings:
    """Return the settings; raises ValueError: one line with the place, the cause and the fix."""
    path = Path(load(ServerSettings, arguments, environ=environ).config)
    entries = _read(path)
    values = {name: _understand(path, name, entry) for name, entry in entries.items()}
    settings = load(ServerSettings, arguments, file=values, environ=environ)
    for name, conflict in _conflicts(settings):
        place = f"{path}:{entries[name].line}: " if name in entries else ""
        raise ValueError(f"{place}{conflict}")
    return settings


def _read(path: Path) -> dict[str, Entry]:
    try:
        return settings_file.read(path, ServerSettings.__dataclass_fields__.keys() - {"config"})
    except FileNotFoundError:
        if str(path) == DEFAULT_CONFIG:
            return {}
        raise ValueError(f"{path} does not exist; name another file with --config") from None


def _understand(path: Path, name: str, entry: Entry) -> object | None:
    if entry.value is None:
        return None
    row = ServerSettings.__dataclass_fields__[name]
    try:
        return parse(row, entry.value, name)
    except ValueError as error:
        raise ValueError(f"{path}:{entry.line}: {error}; {_advice(row, entry.value)}") from None


UNITS = {"_s": "seconds", "_mb": "MiB"}


def _advice(row: Any, value: object) -> str:
    """Say how a value of this row is written, or what to put in the place of one of its type."""
    for ending, unit in UNITS.items():
        if row.name.endswith(ending):
            return f"write the number of {unit} without a unit, such as {row.default}"
    if row.metadata["setting"].choices:
        return f"remove the line for the default, {row.default}"
    if row.metadata["setting"].check is check_file and isinstance(value, str):
        return "name a file that this user can read"
    if row.type == "str" and isinstance(value, str):
        return "write one, or remove the line for the default"
    if row.type == "str":
        return "write it as text, in quotes when it is a number or has : or # in it"
    return f"write {describe_expected(row)}, such as {row.default or 'a,b'}"


def _conflicts(settings: ServerSettings) -> Iterator[tuple[str, str]]:
    """Yield what cannot be true at once: the setting that is at fault, and what to do."""
    yield from _open_doors(settings)
    yield from _no_clusters(settings)
    yield from _half_tls(settings)


def _open_doors(settings: ServerSettings) -> Iterator[tuple[str, str]]:
    if settings.auth_mode == "multi_tenant":
        if settings.api_key:
            yield (
                "api_key",
                (
                    "api_key is for auth_mode=static and opens nothing with multi_tenant: unset "
                    "AXONIZE_API_KEY, and make keys with the admin API"
                ),
            )
    elif not settings.api_key and not is_loopback(settings.host):
        yield (
            "host",
            (
                f"host={settings.host} lets others reach this server, and no key protects it: "
                "set AXONIZE_API_KEY (or api_key in the YAML file), or listen on 127.0.0.1"
            ),
        )


def _no_clusters(settings: ServerSettings) -> Iterator[tuple[str, str]]:
    cluster = settings.clickhouse_cluster
    if cluster and not re.fullmatch(r"[A-Za-z_][\w.-]*", cluster):
        yield (
            "clickhouse_cluster",
            (f"clickhouse_cluster={cluster} is no name of a cluster; write letters, digits, _ - ."),
        )
    elif cluster and not settings.clickhouse.startswith("http"):
        yield (
            "clickhouse_cluster",
            (
                f"clickhouse_cluster={cluster} needs servers of ClickHouse: set "
                "AXONIZE_CLICKHOUSE_DSN to http(s)://user:password@host:port/database"
            ),
        )


def _half_tls(settings: ServerSettings) -> Iterator[tuple[str, str]]:
    given = {name for name in ("tls_cert", "tls_key", "tls_client_ca") if getattr(settings, name)}
    if missing := {"tls_cert", "tls_key"} - given if given else ():
        yield min(given), f"{min(given)} is set without {min(missing)}: set both, or neither"


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
