from __future__ import annotations

from pathlib import Path

import pytest
from axonize_server.settings import ServerSettings, is_loopback, load_settings


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
        ("\nhttp_port: many", ("config.yaml:2: http_port='many': expected a whole number; "
         "write a whole number, such as 8080")),
        ("http_port: 70000", ("config.yaml:1: http_port=70000: expected at most 65535; "
         "write a whole number, such as 8080")),
        ("host: 127", ("config.yaml:1: host=127: expected text; "
         "write it as text, in quotes when it is a number or has : or # in it")),
        ("auth_mode: none", ("config.yaml:1: auth_mode='none': expected one of static, "
         "multi_tenant; remove the line for the default, static")),
        ("query_timeout_s: 30s", ("config.yaml:1: query_timeout_s='30s': expected a whole number; "
         "write the number of seconds without a unit, such as 30")),
        ("query_memory_mb: 1G", ("config.yaml:1: query_memory_mb='1G': expected a whole number; "
         "write the number of MiB without a unit, such as 1024")),
        ("allowed_hosts: {a: b}", ("config.yaml:1: allowed_hosts={'a': 'b'}: expected names "
         "separated by commas; write names separated by commas, such as a,b")),
        ("root_path: ax", ("config.yaml:1: root_path='ax': expected a path that begins with /; "
         "write one, or remove the line for the default")),
        ("tls_cert: none.pem", ("config.yaml:1: tls_cert='none.pem': expected a file that exists; "
         "name a file that this user can read")),
        ("tls_cert: 5", ("config.yaml:1: tls_cert=5: expected text; "
         "write it as text, in quotes when it is a number or has : or # in it")),
    ],
)  # fmt: skip
def test_a_fault_in_the_file_is_named(text, message):
    Path("config.yaml").write_text(text)
    with pytest.raises(ValueError) as refused:
        load_settings({}, {})
    assert str(refused.value) == message


def test_a_fault_in_a_file_is_one_even_where_the_environment_has_another_value():
    Path("config.yaml").write_text("http_port: many")
    with pytest.raises(ValueError, match=r"config\.yaml:1: "):
        load_settings({}, {"AXONIZE_HTTP_PORT": "1"})


@pytest.mark.parametrize("name", ["clickhouse_dsn", "postgres_dsn"])
@pytest.mark.parametrize(
    "dsn", ["ftp://u:hunter2@h/d", "hunter2", "http:", "//hunter2@h", "http://h:99999/d"]
)
def test_what_is_no_address_of_a_database_is_refused_and_not_shown(name, dsn):
    Path("config.yaml").write_text(f"{name}: {dsn!r}")
    with pytest.raises(
        ValueError, match=f"config.yaml:1: {name}=a secret: expected an address such as "
    ) as refused:
        load_settings({}, {})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "dsn"),
    [
        ("clickhouse_dsn", "http://user:p%40ss@host:8123/db?secure=1"),
        ("clickhouse_dsn", "https://host"),
        ("clickhouse_dsn", "chdb:///var/lib/axonize"),
        ("clickhouse_dsn", "chdb://folder"),
        ("postgres_dsn", "postgresql://user@/db?host=/run/postgresql"),
        ("postgres_dsn", "postgres://host/db"),
        ("postgres_dsn", "host=/run/postgresql dbname=axonize"),
    ],
)  # fmt: skip
def test_an_address_of_a_database_is_taken_as_it_is(name, dsn):
    assert getattr(load_settings({name: dsn}, {}), name) == dsn


def test_two_settings_that_do_not_go_together_are_named_where_the_file_has_them(tmp_path):
    Path("config.yaml").write_text("auth_mode: multi_tenant\napi_key: k\n")
    with pytest.raises(ValueError, match=r"^config\.yaml:2: api_key is for auth_mode=static"):
        load_settings({}, {})
    (tmp_path / "a.pem").touch()
    for given, missing in (("tls_cert", "tls_key"), ("tls_client_ca", "tls_cert")):
        Path("config.yaml").write_text(f"{given}: a.pem\n")
        with pytest.raises(
            ValueError, match=rf"^config\.yaml:1: {given} is set without {missing}: "
        ):
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


def test_the_example_of_the_documentation_is_a_file_of_settings(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    Path("config.yaml").write_text(example)
    settings = load_settings({}, {})
    assert (settings.host, settings.log_format, settings.query_timeout_s) == ("0.0.0.0", "json", 60)
