"""Two tenants on one server: every route and every method, and neither meets the other."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import grpc
import pytest
from axonize_server.api.times import format_time
from axonize_server.ingest import signals
from axonize_server.store.postgres.embedded import EmbeddedPostgres

from tests.e2e.tenancy import (
    ADMIN_KEY,
    BOX,
    SHARED_TRACE,
    Tenant,
    ask,
    gpu_metrics,
    make_key,
    manage,
    send,
    settle,
    spans,
)
from tests.server.days import stay_today
from tests.server.rows import NOW_NS
from tests.server.serving import ServeProcess, call, otlp

SIGNALS = [each for each in vars(signals).values() if isinstance(each, signals.Signal)]
# Open to everyone who reaches the port; they tell nothing of tenants.
OPEN = {"/healthz", "/readyz", "/metrics"}
# 5 s are promised, and twice the interval of asking fits in; a busy machine may take longer.
WITHIN_S = 120
MULTI_TENANT = {"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": ADMIN_KEY}
NOBODY = {
    **BOX,
    "text": "service:property-of-nobody",
    "trace_id": "f" * 32,
    "span_id": "f" * 16,
    "uuid": "GPU-nobody",
    "tenant_id": "nobody",
    "prefix": "axo_nobody",
}
TENANTS = "/api/v1/admin/tenants"
# These concern the caller alone; their own tests are below.
SESSION, ADMIN_SESSION = "/api/v1/session", "/api/v1/admin/session"
SESSIONS = (SESSION, ADMIN_SESSION)
# What they say to who shows no key, and has no session.
TO_NOBODY = {
    SESSION: {"tenant": None, "has_session": False, "may_erase": False},
    ADMIN_SESSION: {"manages": "nothing", "tenant": None},
}
# What a request that changes something carries; a new one must be listed here.
BODIES: dict[tuple[str, str], object] = {
    ("POST", TENANTS): {"tenant_id": "third"},
    ("POST", f"{TENANTS}/{{tenant_id}}/suspend"): None,
    ("POST", f"{TENANTS}/{{tenant_id}}/resume"): None,
    ("PUT", f"{TENANTS}/{{tenant_id}}/quota"): {"max_spans_per_day": 0},
    ("PUT", f"{TENANTS}/{{tenant_id}}/retention"): {
        "spans": 1,
        "traces": 1,
        "gpu_metrics": 1,
        "engine_steps": 1,
    },
    ("PUT", "/api/v1/gpus/{uuid}/price"): {"cost_per_hour_usd": 1.0},
    ("DELETE", "/api/v1/traces/{trace_id}"): None,
    ("POST", f"{TENANTS}/{{tenant_id}}/keys"): {"scopes": ["read"]},
    ("DELETE", f"{TENANTS}/{{tenant_id}}/keys/{{prefix}}"): None,
    ("DELETE", f"{TENANTS}/{{tenant_id}}"): None,
}
# When a key was used, and which contexts of a GPU are some minutes old by now.
AGE = re.compile(r'"last_used_at":"[^"]*"|\],"contexts_before":\[|(?<=\}),(?=\{)')
# Answers with what was asked.
ECHO = "/api/v1/traces/filter"
# Answers that hold no word of what was sent: that they do not change when others send is tested.
NUMBERS_ONLY = tuple(
    f"/api/v1/analytics/{name}"
    for name in (
        *("latency", "throughput", "requests", "heatmap", "differences"),
        *("engines", "gpus", "cost"),
    )
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Yield what server.json says."""
    process = ServeProcess(tmp_path_factory.mktemp("tenants") / "data", **MULTI_TENANT)
    yield process.wait_ready()
    code, _, errors = process.end()
    assert (code, errors) == (0, "")


@pytest.fixture(scope="module")
def http(server: dict[str, Any]) -> str:
    return str(server["http"])


@pytest.fixture(scope="module")
def acme(http: str) -> Tenant:
    return settle(http, "acme", 1)


@pytest.fixture(scope="module")
def globex(http: str) -> Tenant:
    return settle(http, "globex", 2)


def operations(http: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every operation that the server documents."""
    document = json.loads(call(f"{http}/schema")[1])
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def fill(path: str, parameters: dict[str, str]) -> str:
    """Put values into a path; a parameter without a value is a KeyError, to be listed above."""
    return re.sub(r"\{(\w+)\}", lambda name: quote(parameters[name[1]], safe=""), path)


def needed(operation: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
    """Return the values without which a question is not understood."""
    asked = operation.get("parameters", [])
    names = [each["name"] for each in asked if each["in"] == "query" and each["required"]]
    return {name: parameters[name] for name in names}


def in_range(path: str, operation: dict[str, Any], /, **more: str) -> str:
    """Put a fixed range of time into a path that takes one, so that answers can be compared."""
    names = {each["name"] for each in operation.get("parameters", [])}
    if {"from", "to"} <= names and not path.endswith("/usage"):
        minute = 60_000_000_000
        more = {**more, "from": format_time(NOW_NS - minute), "to": format_time(NOW_NS + minute)}
    return f"{path}?{urlencode(more)}" if more else path


def questions(http: str, parameters: dict[str, str]) -> list[str]:
    """Return every path that can be read, with these values."""
    return [
        in_range(fill(path, parameters), operation, **needed(operation, parameters))
        for method, path, operation in operations(http)
        if method == "GET" and path not in OPEN
    ]


def view(http: str, tenant: Tenant) -> dict[str, str]:
    """Return everything that a tenant can read of its own, but for how long ago something was."""
    answers = {
        path: ask(http, "GET", path, tenant.key) for path in questions(http, tenant.parameters)
    }
    answers.pop(TENANTS)
    assert {status for status, _ in answers.values()} == {200}
    return {path: AGE.sub("", text) for path, (_, text) in answers.items()}


def test_nothing_is_open_but_health(http: str, acme: Tenant) -> None:
    documented = {path for _, path, _ in operations(http)}
    assert {path for path in documented if not path.startswith("/api/")} == OPEN
    for path in OPEN:
        assert acme.name not in call(f"{http}{path}")[1].decode()
    for key in (None, "", "axo_000000000000_wrong", acme.prefix, ADMIN_KEY + "x", acme.key[:-1]):
        for method, path, _ in operations(http):
            if path in OPEN or (method == "POST" and path in SESSIONS):
                continue
            status, text = ask(
                http, method, fill(path, acme.parameters), key, BODIES.get((method, path))
            )
            if (method, key) == ("GET", None) and path in SESSIONS:
                assert (status, json.loads(text)) == (200, TO_NOBODY[path])
            else:
                assert status in (401, 403), (method, path, key)
        for signal in SIGNALS:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            assert call(http + signal.path, b"", **headers)[0] == 401


def test_each_reads_its_own_and_never_the_others(http: str, acme: Tenant, globex: Tenant) -> None:
    for own, other in ((acme, globex), (globex, acme)):
        answers = view(http, own)
        assert {path for path, text in answers.items() if own.mark not in text} <= {
            path for path in answers if path.startswith((TENANTS, *SESSIONS, *NUMBERS_ONLY))
        }
        assert [path for path, text in answers.items() if other.mark in text] == []


def test_what_both_have_is_told_apart(http: str, acme: Tenant, globex: Tenant) -> None:
    shared = {"trace_id": f"{SHARED_TRACE:032x}", "span_id": f"{78:016x}"}
    for own, other in ((acme, globex), (globex, acme)):
        for path in questions(http, {**own.parameters, **shared}):
            status, text = ask(http, "GET", path, own.key)
            assert other.mark not in text, path
            if "traces/" in path and "steps" not in path:
                assert (status, own.mark in text) == (200, True), path


def test_the_others_ids_lead_nowhere(http: str, acme: Tenant, globex: Tenant) -> None:
    for own, other in ((acme, globex), (globex, acme)):
        for theirs, nobodys in zip(
            questions(http, other.parameters), questions(http, NOBODY), strict=True
        ):
            answer, expected = (ask(http, "GET", path, own.key) for path in (theirs, nobodys))
            assert _anonymous(answer, other.parameters) == _anonymous(expected, NOBODY), theirs


def _anonymous(answer: tuple[int, str], parameters: dict[str, str]) -> tuple[int, str]:
    """Return an answer without the ids that it repeats from the question."""
    status, text = answer
    for name, value in parameters.items():
        text = text.replace(value, f"<{name}>")
    return status, text


def test_the_others_words_in_a_filter_find_nothing(http: str, acme: Tenant, globex: Tenant) -> None:
    asked = 0
    for method, path, operation in operations(http):
        for parameter in operation.get("parameters", []):
            if method != "GET" or parameter["in"] != "query" or path.startswith(TENANTS):
                continue
            filled, values = fill(path, acme.parameters), needed(operation, acme.parameters)
            theirs, nobodys = (
                ask(
                    http,
                    "GET",
                    in_range(filled, operation, **values | {parameter["name"]: word}),
                    acme.key,
                )
                for word in (globex.mark, "property-of-nobody")
            )
            assert theirs[0] == nobodys[0], (path, parameter["name"])
            if theirs[0] == 200 and path != ECHO:
                asked += 1
                assert globex.mark not in theirs[1], (path, parameter["name"])
    assert asked >= 4


def test_neither_changes_what_is_not_its_own(http: str, acme: Tenant, globex: Tenant) -> None:
    changes = [
        (method, path)
        for method, path, _ in operations(http)
        if method != "GET" and path not in SESSIONS
    ]
    assert set(changes) == set(BODIES)
    stay_today()
    for own, other in ((acme, globex), (globex, acme)):
        before = view(http, other), manage(http, "GET", "")
        for method, path in changes:
            for key in (own.key, own.read_key, own.ingest_key):
                filled = fill(path, other.parameters)
                status, text = ask(http, method, filled, key, BODIES[method, path])
                assert status in (403, 404), (method, path, text)
        assert (view(http, other), manage(http, "GET", "")) == before


def test_a_tenant_manages_its_own_keys_with_the_scope_for_it(http: str, acme: Tenant) -> None:
    keys = f"{TENANTS}/{acme.name}/keys"
    assert ask(http, "POST", keys, acme.read_key, {})[0] == 403
    status, text = ask(http, "POST", keys, acme.key, {"scopes": ["read"]})
    assert status == 201
    made = json.loads(text)
    assert ask(http, "GET", "/api/v1/traces", made["key"])[0] == 200
    assert ask(http, "DELETE", f"{keys}/{made['api_key']['prefix']}", acme.key)[0] == 204


def test_a_key_does_what_its_scopes_say(http: str, acme: Tenant) -> None:
    for path in questions(http, acme.parameters):
        assert ask(http, "GET", path, acme.ingest_key)[0] == 403, path
    for signal in SIGNALS:
        header = f"Bearer {acme.read_key}"
        assert call(http + signal.path, b"", Authorization=header)[0] == 403, signal.path


def export(server: dict[str, Any], signal: Any, key: str | None, sent: bytes) -> grpc.StatusCode:
    """Send OTLP over gRPC; return the status."""
    metadata = [] if key is None else [("authorization", f"Bearer {key}")]
    with grpc.insecure_channel(server["grpc"]) as channel:
        method = channel.unary_unary(f"/{signal.service}/Export")
        try:
            method(sent, metadata=metadata, timeout=60)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


GRPC_BODIES: dict[str, Callable[[Tenant], bytes]] = {
    "/v1/traces": spans,
    "/v1/metrics": gpu_metrics,
}


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.path)
def test_every_grpc_method_asks_for_a_key_and_stores_for_its_tenant(
    server: dict[str, Any], http: str, signal: Any, globex: Tenant
) -> None:
    stay_today()
    initech = settle(http, f"initech-{signal.path.rpartition('/')[2]}", 30)
    sent = GRPC_BODIES[signal.path](initech)
    before = view(http, globex)
    for key in (None, "wrong", initech.key[:-1], ADMIN_KEY):
        assert export(server, signal, key, sent) is grpc.StatusCode.UNAUTHENTICATED
    assert export(server, signal, initech.read_key, sent) is grpc.StatusCode.PERMISSION_DENIED
    assert export(server, signal, initech.ingest_key, sent) is grpc.StatusCode.OK
    assert initech.mark in "".join(view(http, initech).values())
    assert view(http, globex) == before


def test_a_session_reads_what_its_key_reads_and_ends_with_it(http: str, acme: Tenant) -> None:
    key, prefix = make_key(http, acme.name, "read")
    cookie = log_in(http, key)
    for path in questions(http, acme.parameters):
        by_session = ask(http, "GET", path, None, cookie=cookie)
        if path == ADMIN_SESSION:
            assert json.loads(by_session[1])["manages"] == "nothing"
        elif path.startswith("/api/v1/admin/"):
            assert by_session[0] == 403, path
        elif path != SESSION:
            assert by_session == ask(http, "GET", path, key)
            assert acme.mark in by_session[1] or path.startswith(NUMBERS_ONLY)
    assert call(f"{http}/v1/traces", spans(acme), Cookie=cookie)[0] == 401
    manage(http, "DELETE", f"/{acme.name}/keys/{prefix}")
    deadline = time.monotonic() + WITHIN_S
    while json.loads(ask(http, "GET", SESSION, None, cookie=cookie)[1]) != TO_NOBODY[SESSION]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_session_of_who_runs_the_server_manages_and_reads_nothing(
    http: str, acme: Tenant
) -> None:
    for key in (acme.key, "wrong", ADMIN_KEY[:-1]):
        assert ask(http, "POST", ADMIN_SESSION, None, {"key": key})[0] == 401
    cookie = log_in(http, ADMIN_KEY, ADMIN_SESSION)
    for path in questions(http, acme.parameters):
        status, text = ask(http, "GET", path, None, cookie=cookie)
        if path.startswith("/api/v1/admin/"):
            assert status == 200, path
        elif path == SESSION:
            assert json.loads(text) == TO_NOBODY[SESSION]
        else:
            assert (status, acme.mark in text) == (401, False), path
    assert call(f"{http}/v1/traces", spans(acme), Cookie=cookie)[0] == 401
    path = f"{TENANTS}/{acme.name}/suspend"
    assert ask(http, "POST", path, None, cookie=cookie)[0] == 403, "not from its own page"
    assert ask(http, "DELETE", ADMIN_SESSION, None, cookie=cookie)[0] == 403
    managed = {"manages": "everything", "tenant": None}
    assert json.loads(ask(http, "GET", ADMIN_SESSION, None, cookie=cookie)[1]) == managed


def log_in(http: str, key: str, path: str = SESSION) -> str:
    """Return the cookie of a new session."""
    request = urllib.request.Request(http + path, json.dumps({"key": key}).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=240) as answer:
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


@pytest.mark.parametrize("end", ["revoke", "suspend", "delete"])
def test_a_key_that_has_ended_stops_on_both_ports_within_the_time_promised(
    server: dict[str, Any], http: str, end: str
) -> None:
    name = f"ending-{end}"
    manage(http, "POST", "", {"tenant_id": name})
    key, prefix = make_key(http, name, "ingest", "read")
    sent = otlp(1)
    assert export(server, signals.TRACES, key, sent) is grpc.StatusCode.OK
    assert ask(http, "GET", "/api/v1/traces", key)[0] == 200
    ways = {
        "revoke": ("DELETE", f"/{name}/keys/{prefix}"),
        "suspend": ("POST", f"/{name}/suspend"),
        "delete": ("DELETE", f"/{name}"),
    }
    manage(http, *ways[end])
    deadline = time.monotonic() + WITHIN_S
    open_ports = {"http", "otlp", "grpc"}
    while open_ports and time.monotonic() < deadline:
        if ask(http, "GET", "/api/v1/traces", key)[0] in (401, 403):
            open_ports.discard("http")
        if call(f"{http}/v1/traces", sent, Authorization=f"Bearer {key}")[0] in (401, 403):
            open_ports.discard("otlp")
        if export(server, signals.TRACES, key, sent) is not grpc.StatusCode.OK:
            open_ports.discard("grpc")
        time.sleep(0.1)
    assert open_ports == set()


def test_a_tenant_that_is_deleted_under_load_leaves_nothing(http: str) -> None:
    manage(http, "POST", "", {"tenant_id": "doomed"})
    key, _ = make_key(http, "doomed", "ingest")
    answers: Counter[int] = Counter()
    ids, over = itertools.count(1), threading.Event()

    def send_on() -> None:
        while not over.is_set():
            sent = otlp(next(ids), spans=50)
            answers[call(f"{http}/v1/traces", sent, Authorization=f"Bearer {key}")[0]] += 1

    with ThreadPoolExecutor(8) as senders:
        sending = [senders.submit(send_on) for _ in range(8)]
        while not answers[200]:
            time.sleep(0.1)
        manage(http, "DELETE", "/doomed")
        time.sleep(2)
        over.set()
    assert [each.exception() for each in sending] == [None] * 8
    assert answers[200] > 0
    assert set(answers) <= {200, 401, 403}
    manage(http, "POST", "", {"tenant_id": "doomed"})
    key, _ = make_key(http, "doomed", "read")
    assert json.loads(ask(http, "GET", "/api/v1/traces", key)[1])["items"] == []
    assert {each["spans"] for each in manage(http, "GET", "/doomed/usage")["items"]} <= {0}


def test_a_quota_is_answered_clearly_and_counts_what_is_stored(
    server: dict[str, Any], http: str
) -> None:
    stay_today()
    name = "thrifty"
    manage(http, "POST", "", {"tenant_id": name, "max_spans_per_day": 5})
    key, _ = make_key(http, name, "ingest")
    header = {"Authorization": f"Bearer {key}"}
    sent = otlp(1, spans=3)
    for _ in range(4):
        assert call(f"{http}/v1/traces", sent, **header)[0] == 200
    assert call(f"{http}/v1/traces", otlp(2, spans=2), **header)[0] == 200
    status, text = call(f"{http}/v1/traces", otlp(3), **header)
    assert status == 429
    assert b"has stored the 5 spans that it may on one day" in text
    assert export(server, signals.TRACES, key, otlp(3)) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert b"axonize_quota_refused_total 2\n" in call(f"{http}/metrics")[1]
    assert manage(http, "GET", f"/{name}/usage")["items"][-1]["spans"] == 5


def test_usage_survives_a_kill_and_no_key_is_ever_written(tmp_path: Path) -> None:
    stay_today()
    data = tmp_path / "data"
    killed = ServeProcess(data, **MULTI_TENANT)
    http = killed.wait_ready()["http"]
    acme = settle(http, "acme", 1)
    usage = manage(http, "GET", f"/{acme.name}/usage")
    assert (usage["items"][-1]["spans"], usage["items"][-1]["engine_steps"]) == (2, 1)
    for path in ("/api/v1/traces?from=never", "/api/v1/none", f"/api/v1/traces/{acme.key}"):
        ask(http, "GET", path, acme.key)
    wrong = "axo_0123456789ab_a-key-that-is-not-valid"
    ask(http, "GET", "/api/v1/traces", wrong)
    call(f"{http}/v1/traces", b"\xff", Authorization=f"Bearer {acme.key}")
    _, output, errors = killed.end(9)
    again = ServeProcess(data, **MULTI_TENANT)
    http = again.wait_ready()["http"]
    send(http, acme.ingest_key, "traces", spans(acme))
    assert manage(http, "GET", f"/{acme.name}/usage") == usage
    code, *more = again.end()
    assert code == 0
    written = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    texts = "".join((output, errors, *more)).encode() + written
    for key in (acme.key, acme.read_key, acme.ingest_key, ADMIN_KEY, wrong):
        assert key.encode() not in texts
    assert acme.prefix.encode() in texts


def wait_until_changes_are_noticed(http: str, tenant: str) -> None:
    """Return when a key that was remembered is refused: keys known before are forgotten then."""
    was_remembered = False
    while not was_remembered:
        key, prefix = make_key(http, tenant, "read")
        assert ask(http, "GET", "/api/v1/traces", key)[0] == 200
        manage(http, "DELETE", f"/{tenant}/keys/{prefix}")
        deadline = time.monotonic() + WITHIN_S
        while ask(http, "GET", "/api/v1/traces", key)[0] == 200:
            was_remembered = True
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_while_postgresql_is_away_keys_that_are_known_go_on_working(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "accounts")
    dsn = postgres.start()
    process = ServeProcess(tmp_path / "data", **MULTI_TENANT, AXONIZE_POSTGRES_DSN=dsn)
    server = process.wait_ready()
    http = server["http"]
    acme = settle(http, "acme", 1)
    unused, _ = make_key(http, "acme", "ingest", "read")
    wait_until_changes_are_noticed(http, "acme")
    assert ask(http, "GET", "/api/v1/traces", acme.key)[0] == 200
    postgres.stop()

    databases = json.loads(call(f"{http}/readyz")[1])["databases"]
    assert databases == {"clickhouse": "ok", "postgres": "down"}
    assert ask(http, "GET", "/api/v1/traces", acme.key)[0] == 200
    send(http, acme.key, "traces", otlp(5))
    assert export(server, signals.TRACES, acme.key, otlp(6)) is grpc.StatusCode.OK
    assert ask(http, "GET", "/api/v1/traces", unused)[0] == 503
    assert export(server, signals.TRACES, unused, otlp(7)) is grpc.StatusCode.UNAVAILABLE

    back = EmbeddedPostgres(tmp_path / "accounts")
    assert back.start() == dsn
    assert ask(http, "GET", "/api/v1/traces", unused)[0] == 200
    assert process.end()[0] == 0
    back.stop()
