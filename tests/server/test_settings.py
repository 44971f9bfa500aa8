from __future__ import annotations

from pathlib import Path

import pytest
from axonize_server.settings import ServerSettings, is_loopback, load_settings

from axonize.config import render_table


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_an_argument_comes_before_the_environment_the_file_and_the_default(tmp_path):
    Path("config.yaml").write_text("http_port: 1\ngrpc_port: 1\ndata_dir: file\n")
    environ = {"AXONIZE_HTTP_PORT": "2", "AXONIZE_GRPC_PORT": "2"}
    settings = load_settings({"http_port": 3, "data_dir": None}, environ)
    expected = ServerSettings(http_port=3, grpc_port=2, data_dir="file")
    assert settings == expected
    assert settings.data_path == tmp_path / "file"
    assert settings.clickhouse == f"chdb://{tmp_path}/file/clickhouse"


def test_the_file_can_be_named_and_must_exist_then(tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("http_port: 9\n")
    assert load_settings({"config": str(other)}, {}).http_port == 9
    assert load_settings({}, {"AXONIZE_CONFIG": str(other)}).http_port == 9
    with pytest.raises(ValueError, match=r"none\.yaml does not exist"):
        load_settings({"config": "none.yaml"}, {})


def test_an_empty_file_says_nothing():
    Path("config.yaml").write_text("# nothing yet\n")
    assert load_settings({}, {}) == ServerSettings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("htp_port: 1", r"config.yaml: unknown settings htp_port; known are .*http_port"),
        ("config: other.yaml", "unknown settings config"),
        ("1: 2", "unknown settings 1"),
        ("- http_port", "config.yaml must hold `name: value` lines"),
        ("a: [", "config.yaml cannot be read as YAML"),
        ("http_port: many", "http_port='many': expected a whole number"),
        ("http_port: 70000", "http_port=70000: expected at most 65535"),
        ("auth_mode: none", "auth_mode='none': expected one of static, multi_tenant"),
    ],
)
def test_a_fault_in_the_file_is_named(text, message):
    Path("config.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_settings({}, {})


def test_a_key_is_never_shown():
    Path("config.yaml").write_text("api_key: [secret]")
    with pytest.raises(ValueError) as refused:
        load_settings({}, {})
    assert "secret]" not in str(refused.value)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "192.168.1.2", "example.com", "::", "localhost.example"]
)
def test_without_a_key_others_are_not_served(host):
    with pytest.raises(ValueError, match="set AXONIZE_API_KEY"):
        load_settings({"host": host}, {})
    assert load_settings({"host": host, "api_key": "k"}, {}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_without_a_key_this_machine_is_served(host):
    assert load_settings({"host": host}, {}).host == host
    assert is_loopback(host)


def test_with_many_tenants_everyone_may_be_served_and_one_key_for_all_is_refused():
    settings = load_settings({"host": "0.0.0.0", "auth_mode": "multi_tenant"}, {})
    assert not settings.is_open
    with pytest.raises(ValueError, match="unset AXONIZE_API_KEY"):
        load_settings({"auth_mode": "multi_tenant", "api_key": "k"}, {})


def test_limits_of_queries_follow_the_settings():
    settings = ServerSettings(query_timeout_s=5, query_memory_mb=64, query_max_rows=1000)
    assert settings.query_limits == {
        "max_execution_time": 5,
        "max_memory_usage": 64 << 20,
        "max_rows_to_read": 1000,
        "max_result_bytes": 1 << 30,
    }


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"clickhouse_cluster": "main"}, "needs servers of ClickHouse"),
        ({"clickhouse_cluster": "a`b", "clickhouse_dsn": "http://c"}, "no name of a cluster"),
    ],
)
def test_a_cluster_that_cannot_be_one_is_refused(given, why):
    with pytest.raises(ValueError, match=why):
        load_settings(given, {})
    assert load_settings({"clickhouse_cluster": "a-1", "clickhouse_dsn": "http://c"}, {})


def test_documentation_is_the_table():
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert render_table(ServerSettings) in page.read_text()
