"""The server's settings: argument, else environment, else YAML file, else default."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from axonize.config import check_prices, load, setting

DEFAULT_CONFIG = "config.yaml"


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
        "", "Path under which a proxy serves the server, such as /axonize; empty for none."
    )
    clickhouse_dsn: str = setting(
        "",
        "`http://user:password@host:8123/database` of a ClickHouse, or `chdb://<folder>` for one "
        "inside the server, which is the default, in the data folder.",
        secret=True,
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
        10, "Longest time in s that a stop waits for requests under way.", minimum=0, maximum=600
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
    """Return the settings; raises ValueError, naming what is wrong and where."""
    named = load(ServerSettings, arguments, environ=environ).config
    settings = load(ServerSettings, arguments, file=_read(Path(named)), environ=environ)
    refuse_open_door(settings)
    refuse_no_cluster(settings)
    return settings


def _read(path: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if str(path) == DEFAULT_CONFIG:
            return {}
        raise ValueError(f"{path} does not exist; name another file with --config") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read as YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold `name: value` lines")
    return _known(path, content)


def _known(path: Path, content: dict[object, object]) -> dict[str, object]:
    known = ServerSettings.__dataclass_fields__.keys() - {"config"}
    if unknown := sorted(str(name) for name in content if name not in known):
        raise ValueError(
            f"{path}: unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}; "
            "if the file is not meant for this server, name another with --config"
        )
    return {str(name): value for name, value in content.items()}


def refuse_open_door(settings: ServerSettings) -> None:
    """Raise ValueError when others could reach a server that asks for no key."""
    if settings.auth_mode == "multi_tenant":
        if settings.api_key:
            raise ValueError(
                "api_key is for auth_mode=static and opens nothing with multi_tenant: unset "
                "AXONIZE_API_KEY, and make keys with the admin API"
            )
        return
    if not settings.api_key and not is_loopback(settings.host):
        raise ValueError(
            f"host={settings.host} lets others reach this server, and no key protects it: "
            "set AXONIZE_API_KEY (or api_key in the YAML file), or listen on 127.0.0.1"
        )


def refuse_no_cluster(settings: ServerSettings) -> None:
    """Raise ValueError for a cluster that cannot be one."""
    cluster = settings.clickhouse_cluster
    if cluster and not re.fullmatch(r"[A-Za-z_][\w.-]*", cluster):
        raise ValueError(f"clickhouse_cluster={cluster} is no name of a cluster")
    if cluster and not settings.clickhouse.startswith("http"):
        raise ValueError(
            f"clickhouse_cluster={cluster} needs servers of ClickHouse: set "
            "AXONIZE_CLICKHOUSE_DSN to http(s)://user:password@host:port/database"
        )


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
