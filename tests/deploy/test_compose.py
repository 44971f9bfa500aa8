"""The compose file: valid by the specification, and its parts fit together and to the settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from axonize_server.settings import ServerSettings, load_settings
from compose_spec import PyCompose

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = {f"AXONIZE_{name.upper()}" for name in ServerSettings.__dataclass_fields__}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def interpolate(text: str, given: dict[str, str]) -> str:
    """Replace variables as compose does; raises KeyError for one that must be set and is not."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        if given.get(name):
            return given[name]
        if operator == "?":
            raise KeyError(name)
        return word or ""

    return VARIABLE.sub(value, text)


def compose(**given: str) -> dict[str, Any]:
    text = interpolate((DEPLOY / "compose.yaml").read_text(), given)
    PyCompose.from_yaml(text).validate()
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


PASSWORDS = {"CLICKHOUSE_PASSWORD": "c11c", "POSTGRES_PASSWORD": "9a55"}


def test_a_mistake_is_seen_by_the_specification() -> None:
    with pytest.raises(ValueError, match="prots"):
        PyCompose.from_yaml("services:\n  a:\n    image: a\n    prots: ['1:1']\n").validate()


def test_every_port_is_where_people_look_for_it() -> None:
    services = compose(**PASSWORDS)["services"]
    assert {name: service["ports"] for name, service in services.items()} == {
        "axonize": ["4317:4317", "8080:8080"],
        "clickhouse": ["127.0.0.1:8123:8123", "127.0.0.1:9000:9000"],
        "postgres": ["127.0.0.1:5432:5432"],
    }


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"AXONIZE_API_KEY": "k"}, "static"),
        ({"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": "a"}, "multi_tenant"),
    ],
)
def test_the_server_takes_the_environment_that_it_is_given(given, mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    services = compose(**PASSWORDS, **given)["services"]
    environ = services["axonize"]["environment"]
    assert set(environ) <= SETTINGS
    settings = load_settings({}, {**environ, "AXONIZE_HOST": "0.0.0.0"})
    assert settings.auth_mode == mode
    assert settings.clickhouse_dsn == "http://axonize:c11c@clickhouse:8123/axonize"
    assert settings.postgres_dsn == "postgresql://axonize:9a55@postgres:5432/axonize"
    assert services["clickhouse"]["environment"]["CLICKHOUSE_PASSWORD"] == "c11c"
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "9a55"


def test_nobody_starts_without_passwords_and_keys(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyError, match="CLICKHOUSE_PASSWORD"):
        compose()
    environ = compose(**PASSWORDS)["services"]["axonize"]["environment"]
    with pytest.raises(ValueError, match="set AXONIZE_API_KEY"):
        load_settings({}, {**environ, "AXONIZE_HOST": "0.0.0.0"})


def test_the_example_names_every_variable_that_must_or_may_be_set() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    named = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    assert named == {match[1] for match in VARIABLE.finditer(text)} - {"AXONIZE_LOG_FORMAT"}


def test_databases_are_healthy_before_the_server_starts_and_data_outlives_it() -> None:
    parsed = compose(**PASSWORDS)
    services = parsed["services"]
    for name in ("clickhouse", "postgres"):
        assert services["axonize"]["depends_on"][name] == {"condition": "service_healthy"}
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    volumes = {each.split(":")[0] for service in services.values() for each in service["volumes"]}
    assert volumes == set(parsed["volumes"])
    assert (DEPLOY / services["axonize"]["build"]["context"] / "deploy/Dockerfile").is_file()
