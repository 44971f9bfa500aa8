"""Settings: one row each (name, type, default, environment names, help), and load()."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import unquote

from axonize.endpoint import parse_endpoint

Settings = TypeVar("Settings")

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True)
class Setting:
    """What a row says beside its name, type and default."""

    help: str
    variables: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    check: Callable[[Any], object] | None = None


def setting(default: object, help: str, **row: Any) -> Any:  # noqa: A002 - the column's name
    """Declare one row of a frozen settings dataclass; the annotation is its type.

    variables: environment names read after AXONIZE_<NAME>, in this order.
    aliases: other spellings of a choice. secret: never shown in documentation or logs.
    check: raises ValueError, saying what is expected, for a value that is not allowed.
    """
    metadata = {"setting": Setting(help, **row)}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: MappingProxyType(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def check_file(path: str) -> None:
    """Raise ValueError when there is a path but no file."""
    if path and not os.path.isfile(path):  # noqa: PTH113 - pathlib would double the import time
        raise ValueError("expected a file that exists")


def check_prices(prices: Mapping[str, float]) -> None:
    """Raise ValueError when a price is below 0 or no number."""
    if not all(0 <= price < float("inf") for price in prices.values()):
        raise ValueError("expected prices from 0")


@dataclass(frozen=True)
class Config:
    """Every setting of the SDK."""

    endpoint: str = setting(
        "localhost:4317",
        "Address of the collector: `host:port` without TLS, or a URL; https:// means TLS.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        check=parse_endpoint,
    )
    protocol: str = setting(
        "auto",
        "OTLP transport; `auto` is http when the endpoint's port is 4318, else grpc.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"),
        choices=("auto", "grpc", "http"),
        aliases={"http/protobuf": "http"},
    )
    headers: Mapping[str, str] = setting(
        {},
        "Headers (gRPC metadata) of every request, written `name=value,name=value`.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"),
        secret=True,
    )
    api_key: str = setting("", "Sent as `authorization: Bearer KEY`.", secret=True)
    certificate: str = setting(
        "",
        "File of the certificate authorities to trust, in PEM; the system's when empty.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"),
        check=check_file,
    )
    compression: str = setting(
        "none",
        "Compression of requests; gzip costs about 7 us of CPU a span.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"),
        choices=("none", "gzip"),
    )
    service_name: str = setting(
        "",
        "Name of the service; when empty that of the command `axonize-instrument` runs, else "
        "`unknown_service:<program>`.",
        variables=("OTEL_SERVICE_NAME",),
    )
    environment: str = setting("", "Deployment environment, such as `prod`.")
    resource_attributes: Mapping[str, str] = setting(
        {},
        "More attributes of this process, written `name=value,name=value`.",
        variables=("OTEL_RESOURCE_ATTRIBUTES",),
    )
    disabled: bool = setting(False, "Record and send nothing.", variables=("OTEL_SDK_DISABLED",))
    batch_size: int = setting(
        512,
        "This many waiting spans are sent at once; a backlog goes in requests of about 2 MiB.",
        minimum=1,
        maximum=100_000,
    )
    flush_interval_ms: int = setting(
        1000, "Longest time in ms that an ended span waits to be sent.", minimum=1
    )
    buffer_size: int = setting(
        10_000,
        "Most ended spans that wait to be encoded; more are dropped and counted.",
        minimum=1,
        maximum=10_000_000,
    )
    retry_buffer_mb: int = setting(
        16, "Most encoded spans in MiB that wait for the collector to answer again.", minimum=1
    )
    export_timeout_ms: int = setting(
        10_000,
        "Longest time in ms that one request may take.",
        variables=("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"),
        minimum=1,
    )
    exit_timeout_ms: int = setting(
        2000,
        "Longest time in ms that the end of the process waits for the last spans; "
        "never longer than `export_timeout_ms`.",
        minimum=0,
    )
    sampling_rate: float = setting(
        1.0,
        "Share of the traces that are kept, by trace id. The steps of engines are all kept: "
        "costs are their sums.",
        minimum=0.0,
        maximum=1.0,
    )
    always_sample_errors: bool = setting(
        True, "Keep every trace with an error, whatever `sampling_rate` says."
    )
    always_sample_slow: bool = setting(
        True, "Keep every trace with a slow span, whatever `sampling_rate` says."
    )
    slow_threshold_ms: float = setting(
        5000.0, "A span of this many ms or more is slow.", minimum=0.0
    )
    gpu_profiling: bool = setting(
        True,
        "Read the GPUs from the first span that names one, or engine that works on one, and send "
        "their metrics; one process of a machine sends them.",
    )
    gpu_snapshot_interval_ms: int = setting(
        100, "Time in ms between two readings of the GPUs.", minimum=1
    )
    cost_per_hour_usd: Mapping[str, float] = setting(
        {},
        "What a GPU costs in US dollars an hour, by a part of its model's name, the longest that "
        "fits: `H100=2.5,A100=1.2`.",
        check=check_prices,
    )
    engine_gpus: tuple[str, ...] = setting(
        (),
        "GPUs that the engine in this process works on, `cuda:0,cuda:1` or UUIDs; what the "
        "integration finds when empty.",
    )
    integrations: tuple[str, ...] = setting(
        (), "Integrations to install, written `a,b`; all that apply when empty."
    )
    disabled_integrations: tuple[str, ...] = setting(
        (), "Integrations never to install, written `a,b`."
    )
    capture_content: bool = setting(
        False, "Kept for integrations that can record prompts; none does yet."
    )
    health_interval_ms: int = setting(
        60_000,
        "Time in ms between two reports of how this process's telemetry is, which the server's "
        "Health page shows; 0 for none.",
        minimum=0,
    )
    status_dir: str = setting(
        "",
        "Folder of the status files that `axonize doctor` reads; a private temporary "
        "folder when empty.",
    )


def load(
    settings: type[Settings],
    arguments: Mapping[str, object],
    *,
    file: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    complain: Callable[[str], None] | None = None,
) -> Settings:
    """Build a settings object: argument, else environment, else file, else default.

    An argument or file entry that is None is not given. Raises ValueError, naming the setting, the
    value and what is allowed; for a value of the environment it is handed to `complain` instead
    when there is one, and the default is used.
    """
    environ = os.environ if environ is None else environ
    file = file or {}
    _refuse_unknown(settings, "argument", arguments)
    _refuse_unknown(settings, "file entry", file)
    values = {
        row.name: value
        for row in fields(settings)  # type: ignore[arg-type]
        if (value := _find(row, arguments, environ, file, complain)) is not None
    }
    return settings(**values)


def _refuse_unknown(settings: type[Any], source: str, given: Mapping[str, object]) -> None:
    unknown = sorted(set(given) - {row.name for row in fields(settings)})
    if unknown:
        raise ValueError(f"unknown {source}: {', '.join(unknown)}")


def _find(
    row: Any,
    arguments: Mapping[str, object],
    environ: Mapping[str, str],
    file: Mapping[str, object],
    complain: Callable[[str], None] | None,
) -> object | None:
    if (given := arguments.get(row.name)) is not None:
        return parse(row, given, row.name)
    for variable in variables(row):
        if text := environ.get(variable, "").strip():  # an empty variable is an unset one
            try:
                return parse(row, text, variable)
            except ValueError as error:
                if complain is None:
                    raise
                complain(f"{error}; using the default")
                return None
    if (given := file.get(row.name)) is not None:
        return parse(row, given, row.name)
    return None


def variables(row: Any) -> tuple[str, ...]:
    """Name the environment variables of a row, the one that wins first."""
    return (f"AXONIZE_{row.name.upper()}", *row.metadata["setting"].variables)


def parse(row: Any, given: object, source: str) -> object:
    """Return the value of a row; raises ValueError, naming source, the value and what is allowed.

    The value of a secret is not named.
    """
    setting: Setting = row.metadata["setting"]
    try:
        value = PARSERS[row.type](given)
    except (TypeError, ValueError):
        problem: str | None = f"expected {EXPECTED[row.type]}"
    else:
        value = setting.aliases.get(value, value) if setting.choices else value
        problem = _find_problem(setting, value)
    if problem:
        raise ValueError(f"{source}={'a secret' if setting.secret else repr(given)}: {problem}")
    return value


def _find_problem(setting: Setting, value: Any) -> str | None:
    if setting.choices and value not in setting.choices:
        return f"expected one of {', '.join(setting.choices)}"
    if setting.minimum is not None and not value >= setting.minimum:  # so written for nan
        return f"expected at least {setting.minimum}"
    if setting.maximum is not None and not value <= setting.maximum:
        return f"expected at most {setting.maximum}"
    try:
        if setting.check is not None:
            setting.check(value)
    except ValueError as error:
        return str(error)
    return None


def _parse_text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _parse_boolean(given: object) -> bool:
    if isinstance(given, bool):
        return given
    text = _parse_text(given).lower()
    if text not in TRUE | FALSE:
        raise ValueError
    return text in TRUE


def _parse_integer(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise TypeError
    return int(given)


def _parse_number(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise TypeError
    return float(given)


def _parse_names(given: object) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list | tuple | set | frozenset):
        raise TypeError
    return tuple(name for each in names if (name := _parse_text(each).strip()))


def _parse_pairs(given: object) -> Mapping[str, str]:
    """Read `name=value,name=value` with percent-encoded values, as OpenTelemetry writes them."""
    if isinstance(given, Mapping):
        return MappingProxyType({_parse_text(name): str(value) for name, value in given.items()})
    pairs = {}
    for pair in filter(None, (each.strip() for each in _parse_text(given).split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ValueError
        pairs[unquote(name.strip())] = unquote(value.strip())
    return MappingProxyType(pairs)


def _parse_numbers(given: object) -> Mapping[str, float]:
    return MappingProxyType({name: float(text) for name, text in _parse_pairs(given).items()})


PARSERS: Mapping[str, Callable[[object], Any]] = {
    "str": _parse_text,
    "bool": _parse_boolean,
    "int": _parse_integer,
    "float": _parse_number,
    "tuple[str, ...]": _parse_names,
    "Mapping[str, str]": _parse_pairs,
    "Mapping[str, float]": _parse_numbers,
}
EXPECTED = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "tuple[str, ...]": "names separated by commas",
    "Mapping[str, str]": "name=value pairs separated by commas",
    "Mapping[str, float]": "name=number pairs separated by commas",
}


def render_table(settings: type[Any]) -> str:
    """Write the settings of a class as a Markdown table, one line a setting."""
    lines = ["| setting | type | default | environment | what it is |", "|---|---|---|---|---|"]
    for row in fields(settings):
        names = ", ".join(f"`{name}`" for name in variables(row))
        cells = (
            f"`{row.name}`",
            _describe_type(row),
            _describe_default(row),
            names,
            row.metadata["setting"].help,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _describe_type(row: Any) -> str:
    setting: Setting = row.metadata["setting"]
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    return describe_expected(row)


def describe_expected(row: Any) -> str:
    """Say in words what the type of a row is."""
    return EXPECTED[row.type]


def _describe_default(row: Any) -> str:
    default = row.default if row.default is not MISSING else ""
    if isinstance(default, tuple):
        default = ",".join(default)
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{text}`" if text else ""
