"""Settings: where a value comes from, what is refused, and how the table reads."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import axonize
from axonize.config import Config, load, render_table, setting


@dataclass(frozen=True)
class Oven:
    """A small settings table with one row of each type."""

    name: str = setting("oven", "What it is called.")
    heat: int = setting(180, "Degrees.", minimum=0, maximum=300, variables=("OTEL_HEAT",))
    fan: bool = setting(False, "Whether the fan runs.")
    door: float = setting(0.5, "How far it is open.")
    mode: str = setting("grill", "How.", choices=("grill", "bake"), aliases={"roast": "bake"})
    trays: tuple[str, ...] = setting((), "What is inside.")
    labels: Mapping[str, str] = setting({}, "Its label.")
    code: str = setting("", "The lock.", secret=True)


def test_defaults() -> None:
    assert load(Oven, {}, environ={}) == Oven()


def test_argument_over_environment_over_file_over_default() -> None:
    file = {"heat": 1, "name": "file", "door": 1, "mode": "bake"}
    environ = {"AXONIZE_HEAT": "2", "OTEL_HEAT": "3", "AXONIZE_NAME": "environment"}
    oven = load(Oven, {"heat": 4, "name": None}, file=file, environ=environ)
    assert (oven.heat, oven.name, oven.door, oven.mode) == (4, "environment", 1.0, "bake")


def test_own_variable_over_standard_one() -> None:
    assert load(Oven, {}, environ={"AXONIZE_HEAT": "2", "OTEL_HEAT": "3"}).heat == 2
    assert load(Oven, {}, environ={"AXONIZE_HEAT": " ", "OTEL_HEAT": "3"}).heat == 3


def test_every_type_from_text() -> None:
    environ = {
        "AXONIZE_NAME": "x",
        "AXONIZE_HEAT": "200",
        "AXONIZE_FAN": "Yes",
        "AXONIZE_DOOR": "0.25",
        "AXONIZE_MODE": "roast",
        "AXONIZE_TRAYS": "bread, cake,",
        "AXONIZE_LABELS": "a=1,b=x%20y, c = d=e",
    }
    assert load(Oven, {}, environ=environ) == Oven(
        name="x",
        heat=200,
        fan=True,
        door=0.25,
        mode="bake",
        trays=("bread", "cake"),
        labels={"a": "1", "b": "x y", "c": "d=e"},
    )


def test_every_type_from_python() -> None:
    given = {"heat": 5, "fan": True, "door": 1, "trays": ["a"], "labels": {"a": 1}}
    oven = load(Oven, given, environ={})
    assert (oven.fan, oven.trays, dict(oven.labels)) == (True, ("a",), {"a": "1"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("heat", "hot", "heat='hot': expected a whole number"),
        ("heat", 1.5, "heat=1.5: expected a whole number"),
        ("heat", True, "heat=True: expected a whole number"),
        ("heat", -1, "heat=-1: expected at least 0"),
        ("heat", 301, "heat=301: expected at most 300"),
        ("fan", "maybe", "fan='maybe': expected true or false"),
        ("door", "wide", "door='wide': expected a number"),
        ("mode", "boil", "mode='boil': expected one of grill, bake"),
        ("name", 3, "name=3: expected text"),
        ("trays", 3, "trays=3: expected names separated by commas"),
        ("labels", "a", "labels='a': expected name=value pairs separated by commas"),
        ("code", 7, "code=a secret: expected text"),
    ],
)
def test_bad_argument(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace(".", r"\.") + "$"):
        load(Oven, {name: value}, environ={})


def test_not_a_number_is_out_of_range() -> None:
    with pytest.raises(ValueError, match="expected at least 0"):
        load(Config, {"sampling_rate": float("nan")}, environ={})


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="unknown argument: lamp"):
        load(Oven, {"lamp": 1}, environ={})
    with pytest.raises(ValueError, match="unknown file entry: bell, lamp"):
        load(Oven, {}, file={"lamp": 1, "bell": 2}, environ={})


def test_bad_environment_raises_or_complains() -> None:
    environ = {"AXONIZE_HEAT": "hot", "AXONIZE_FAN": "1"}
    with pytest.raises(ValueError, match="AXONIZE_HEAT='hot': expected a whole number"):
        load(Oven, {}, environ=environ)
    complaints: list[str] = []
    oven = load(Oven, {}, environ=environ, complain=complaints.append)
    assert oven == Oven(fan=True)
    assert complaints == ["AXONIZE_HEAT='hot': expected a whole number; using the default"]


def test_bad_argument_raises_even_when_the_environment_may_not() -> None:
    with pytest.raises(ValueError, match="heat='hot'"):
        load(Oven, {"heat": "hot"}, environ={}, complain=lambda _: None)


def test_result_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(Oven, {}, environ={}).heat = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        load(Oven, {"labels": {"a": "b"}}, environ={}).labels["c"] = "d"  # type: ignore[index]


def test_table() -> None:
    assert render_table(Oven).splitlines() == [
        "| setting | type | default | environment | what it is |",
        "|---|---|---|---|---|",
        "| `name` | text | `oven` | `AXONIZE_NAME` | What it is called. |",
        "| `heat` | a whole number | `180` | `AXONIZE_HEAT`, `OTEL_HEAT` | Degrees. |",
        "| `fan` | true or false | `false` | `AXONIZE_FAN` | Whether the fan runs. |",
        "| `door` | a number | `0.5` | `AXONIZE_DOOR` | How far it is open. |",
        "| `mode` | `grill`, `bake` | `grill` | `AXONIZE_MODE` | How. |",
        "| `trays` | names separated by commas |  | `AXONIZE_TRAYS` | What is inside. |",
        "| `labels` | name=value pairs separated by commas |  | `AXONIZE_LABELS` | Its label. |",
        "| `code` | text |  | `AXONIZE_CODE` | The lock. |",
    ]


def test_standard_variables_of_the_sdk() -> None:
    config = load(
        Config,
        {},
        environ={
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_SERVICE_NAME": "chat",
            "OTEL_RESOURCE_ATTRIBUTES": "region=eu",
            "OTEL_SDK_DISABLED": "true",
        },
    )
    assert config == Config(
        endpoint="https://collector:4318",
        headers={"x-tenant": "a b"},
        protocol="http",
        compression="gzip",
        service_name="chat",
        resource_attributes={"region": "eu"},
        disabled=True,
    )


def test_init_takes_every_setting() -> None:
    names = [row.name for row in dataclasses.fields(Config)]
    assert list(inspect.signature(axonize.init).parameters) == [*names, "exporter"]


def test_documentation_is_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert render_table(Config) in page.read_text()


def test_endpoint_and_certificate_are_checked() -> None:
    with pytest.raises(ValueError, match="endpoint='ftp://x': expected host:port or a URL"):
        load(Config, {"endpoint": "ftp://x"}, environ={})
    with pytest.raises(ValueError, match="certificate='/none': expected a file that exists"):
        load(Config, {"certificate": "/none"}, environ={})
    assert load(Config, {"certificate": __file__}, environ={}).certificate == __file__


def test_prices_are_numbers() -> None:
    config = load(Config, {}, environ={"AXONIZE_COST_PER_HOUR_USD": "H100=2.5, NVIDIA A100=1"})
    assert config.cost_per_hour_usd == {"H100": 2.5, "NVIDIA A100": 1.0}
    for wrong, expected in (
        ("H100=-1", "from 0"),
        ("H100=nan", "from 0"),
        ("H100=x", "name=number"),
    ):
        with pytest.raises(ValueError, match=expected):
            load(Config, {"cost_per_hour_usd": wrong})
