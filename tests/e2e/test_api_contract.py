"""The API against its own OpenAPI document, and against whoever tries to break in.

A short form runs with all tests; `nox -s contract` sends many more requests of each kind.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import schemathesis
from axonize_server.app import openapi_document
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.e2e.tenancy import ADMIN_KEY, Tenant, ask, send, settle
from tests.server.ingest.otlp import body, span
from tests.server.serving import ServeProcess, call

EXAMPLES = int(os.environ.get("AXONIZE_CONTRACT_EXAMPLES", "3"))
EVERY = int(os.environ.get("AXONIZE_CONTRACT_EVERY", "8"))
MULTI_TENANT = {"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": ADMIN_KEY}
DOCUMENT: dict[str, Any] = json.loads(openapi_document())
PROMPT = "a-prompt-that-nobody-else-may-read"
WRONG_KEY = "axo_0123456789ab_a-key-that-is-not-valid"
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
# What the document says of each answer. Which requests are valid is not among them: parameters that
# nobody knows are ignored, and what text such as a time must be is said in words there.
ANSWERS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CHECKS = [*ANSWERS, checks.ignored_auth]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a server, which must end well and have said no secret."""
    process = ServeProcess(tmp_path_factory.mktemp("contract") / "data", **MULTI_TENANT)
    yield str(process.wait_ready()["http"])
    code, output, errors = process.end()
    assert code == 0
    assert [
        word for word in (PROMPT, WRONG_KEY, ADMIN_KEY, "axo_") if word in output + errors
    ] == []
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="module")
def acme(server: str) -> Tenant:
    tenant = settle(server, "acme", 1)
    with_prompt = span(5, {"gen_ai.input.messages": PROMPT})
    send(server, tenant.ingest_key, "traces", body(with_prompt))
    return tenant


def key_for(path: str, tenant: Tenant) -> str:
    return ADMIN_KEY if path.startswith("/api/v1/admin") else tenant.key


@SCHEMA.parametrize()
@BOUNDED
def test_any_request_is_answered_as_documented(
    case: schemathesis.Case, server: str, acme: Tenant
) -> None:
    headers = {"Authorization": f"Bearer {key_for(case.path, acme)}"}
    case.call_and_validate(base_url=server, headers=headers, checks=CHECKS)


@SCHEMA.include(method="GET").parametrize()
@BOUNDED
def test_what_is_there_is_shown_as_documented(
    case: schemathesis.Case, server: str, acme: Tenant
) -> None:
    known = {name: acme.parameters[name] for name in case.path_parameters or {}}
    case.path_parameters.update(known)
    headers = {"Authorization": f"Bearer {key_for(case.path, acme)}"}
    case.call_and_validate(base_url=server, headers=headers, checks=ANSWERS)


# Each ends a string, a statement, a parameter, a header, a path or a line where it is not bound.
INJECTIONS = (
    "' OR 1=1 --", "' OR '1'='1", "') OR 1=1 --", '" OR ""="', "\\' OR 1=1 --",
    "1; DROP TABLE spans", "'; SELECT pg_sleep(9) --",
    "' UNION ALL SELECT key_sha256 FROM api_keys --", "{tenant:String}", "{{7*7}}", "${7*7}",
    "%(tenant)s", "%s%s%s%n", "$1", "`id`", "$(id)", "|id", "x\r\nSet-Cookie: a=b", "x\x00y",
    "\N{FULLWIDTH APOSTROPHE} OR 1=1", "\ud7ff\uffff", "%00", "*", "%", "_",
    "<script>alert(1)</script>", "a" * 5000, "[" * 300, "-1", "1e999", "NaN", "9" * 40,
)  # fmt: skip
TRAVERSALS = (
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "..%252f..%252f..%252fetc%252fpasswd",
    "....//....//....//etc/passwd", "..\\..\\etc\\passwd", "..%5c..%5cetc%5cpasswd",
    "/etc/passwd", "%2fetc%2fpasswd", "..%00/etc/passwd", "%c0%ae%c0%ae/etc/passwd",
    "..;/..;/etc/passwd", "../app.py", "../settings.py", "..%2fapp.py", "file:///etc/passwd",
    "server.json",
)  # fmt: skip
# What only a file, an engine or a fault of this server would say.
TELLTALES = re.compile(
    r"root:.*:0:0|DB::|Code: \d+|psycopg|Traceback|File \"|syntax error|def create_app|\"pid\""
)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def filled(path: str, parameters: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: quote(parameters[name[1]], safe=""), path)


def check(
    operation: dict[str, Any], path: str, answer: tuple[int, str], more: tuple[int, ...] = ()
) -> None:
    status, text = answer
    expected = {*map(int, operation["responses"]), *more}
    assert status in expected, (path, status, text)
    assert status < 500, (path, text)
    assert not TELLTALES.search(text), (path, text)


def words(place: int) -> tuple[str, ...]:
    """Return the words to try at a place; in the short form each is tried at some place."""
    return (*INJECTIONS, *TRAVERSALS)[place % EVERY :: EVERY]


QUERIES = [
    (method, path, parameter["name"])
    for method, path, operation in operations()
    for parameter in operation.get("parameters", ())
    if parameter["in"] == "query"
]


@pytest.mark.parametrize("place", range(len(QUERIES)), ids=lambda place: "-".join(QUERIES[place]))
def test_what_is_put_into_a_query_stays_a_value(server: str, acme: Tenant, place: int) -> None:
    method, path, name = QUERIES[place]
    operation = DOCUMENT["paths"][path][method.lower()]
    at = filled(path, acme.parameters)
    for word in words(place):
        query = urlencode({name: word}, errors="surrogatepass")
        answer = ask(server, method, f"{at}?{query}", key_for(path, acme))
        check(operation, f"{at}?{query}", answer)
        if answer[0] == 200 and path == "/api/v1/traces":
            assert json.loads(answer[1])["items"] == [], query


IN_PATHS = [
    (method, path, name)
    for method, path, _ in operations()
    for name in re.findall(r"\{(\w+)\}", path)
]


@pytest.mark.parametrize("place", range(len(IN_PATHS)), ids=lambda place: "-".join(IN_PATHS[place]))
def test_what_is_put_into_a_path_leads_nowhere_else(server: str, acme: Tenant, place: int) -> None:
    method, path, name = IN_PATHS[place]
    operation = DOCUMENT["paths"][path][method.lower()]
    for word in words(place):
        at = filled(path, {**acme.parameters, name: word})
        sent = {} if method in ("POST", "PUT") else None
        # Other routes may be met by what is decoded before routing, none that does anything.
        answer = ask(server, method, at, key_for(path, acme), sent)
        check(operation, at, answer, (404, 405))
        assert answer[0] >= 400, (at, answer)


def test_names_are_kept_as_they_were_sent(server: str, acme: Tenant) -> None:
    keys = f"/api/v1/admin/tenants/{acme.name}/keys"
    before = ask(server, "GET", keys, ADMIN_KEY)
    for word in (*INJECTIONS, *TRAVERSALS):
        status, text = ask(server, "POST", keys, ADMIN_KEY, {"name": word})
        if len(word) > 200 or "\0" in word:
            assert status == 400, text
            continue
        made = json.loads(text)["api_key"]
        assert (status, made["name"]) == (201, word)
        assert made in json.loads(ask(server, "GET", keys, ADMIN_KEY)[1])["items"]
        assert ask(server, "DELETE", f"{keys}/{made['prefix']}", ADMIN_KEY)[0] == 204
    kept = {each["prefix"] for each in json.loads(before[1])["items"]}
    now = json.loads(ask(server, "GET", keys, ADMIN_KEY)[1])["items"]
    assert kept == {each["prefix"] for each in now if each["revoked_at"] is None}


# The page names the code of the feature that shows its address.
PRELOADS = re.compile(r'<link rel="modulepreload"[^>]*>')


def raw(server: str, path: str) -> tuple[int, str, str]:
    """Return status, type and text of the answer to a path that no client has tidied up."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=120)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers.get_content_type(), text


@pytest.mark.parametrize("start", ["/", "/assets/", "/static/", "/schema/", "/api/v1/traces/"])
def test_no_path_leads_to_a_file_of_the_machine(server: str, start: str) -> None:
    page = PRELOADS.sub("", raw(server, "/traces")[2])
    for word in TRAVERSALS:
        if any(letter in word for letter in "\\"):
            word = quote(word)  # no client sends it as it is
        status, kind, text = raw(server, start + word)
        assert status in (200, 400, 401, 404, 503), (word, text)
        assert not TELLTALES.search(text), word
        # The UI's own page answers for every address that the UI may know; unbuilt it says 503.
        shown = kind, PRELOADS.sub("", text)
        assert status in (400, 401, 404) or shown == ("text/html", page), word


def test_bodies_that_are_no_telemetry_are_refused_and_not_repeated(
    server: str, acme: Tenant
) -> None:
    """What they say of prompts and keys is in no log, which is checked when the server ends."""
    whole = body(span(6, {"gen_ai.input.messages": PROMPT}, name=PROMPT))
    as_json = json.dumps({"resourceSpans": [{"x": PROMPT, "scopeSpans": PROMPT}]}).encode()
    for key in (acme.ingest_key, acme.read_key, WRONG_KEY):
        for signal in ("traces", "metrics"):
            url = f"{server}/v1/{signal}"
            for sent in (whole[:-3], whole[3:], whole[::-1], PROMPT.encode(), as_json):
                status, _ = call(url, sent, Authorization=f"Bearer {key}")
                assert 400 <= status < 500, sent
    for word in (PROMPT, f"gen_ai.input.messages={PROMPT}", "=" + PROMPT):
        for name in ("q", "attribute", "cursor", "from"):
            path = f"/api/v1/traces?{urlencode({name: word})}"
            assert ask(server, "GET", path, acme.read_key)[0] in (200, 400)
    for sent in ({"key": WRONG_KEY}, {"key": acme.key, "more": 1}, {"key": [acme.key]}, PROMPT):
        assert ask(server, "POST", "/api/v1/session", None, sent)[0] in (400, 401, 429)


def test_a_prompt_is_read_by_its_tenant_alone(server: str, acme: Tenant) -> None:
    path = f"/api/v1/traces/{5:032x}/spans"
    assert PROMPT in ask(server, "GET", path, acme.read_key)[1]
    assert PROMPT not in ask(server, "GET", path, ADMIN_KEY)[1]
    assert PROMPT not in ask(server, "GET", path, secrets.token_urlsafe(32))[1]
