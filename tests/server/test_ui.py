from __future__ import annotations

import json
import re

import pytest
from axonize_server.api.errors import HANDLERS
from axonize_server.ui import build_controller, is_built
from litestar.testing import create_test_client

SESSION = '<link rel="preload" as="fetch" crossorigin="anonymous" href="api/v1/session">'
PAGE = "<!doctype html><html><head><title>Axonize</title></head><body></body></html>"


@pytest.fixture
def static(tmp_path):
    """A UI as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-a1b2.js").write_text("let a;")
    (tmp_path / "assets" / "index-a1b2.css").write_text("a{}")
    return tmp_path


def ask(static, path, root_path="", may_read=True):
    async def answer(_) -> bool:
        return may_read

    controller = build_controller(answer, static)
    with create_test_client(
        [controller], exception_handlers=HANDLERS, root_path=root_path
    ) as client:
        return client.get(path)


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/traces", "/traces/abc", "/traces/abc/spans/def", "/a/"]
)
def test_paths_that_the_ui_routes_itself_get_the_page(static, path):
    answer = ask(static, path)
    assert answer.status_code == 200
    assert answer.text == PAGE.replace("<head>", f'<head><base href="/">{SESSION}')
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; style-src 'self'; img-src 'self' data:;")
    assert "unsafe" not in policy


def test_the_page_of_a_trace_asks_for_it_at_once(static):
    trace = "5b8aa5a2d2c872e8321cf37308d69df2"
    asked = SESSION.replace("session", f"traces/{trace}/columns")
    assert asked in ask(static, f"/traces/{trace}").text
    assert f'<base href="/ax/">{SESSION}{asked}' in (
        ask(static, f"/traces/{trace}", root_path="/ax").text
    )
    assert "/columns" not in ask(static, f"/traces/{trace[:-1]}").text
    assert "/columns" not in ask(static, f"/traces/{trace}", may_read=False).text


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/", "overview-1.js"),
        ("/traces", "traces-2.js"),
        (f"/traces/{'0' * 32}", "trace-3.js"),
        ("/traces/", "traces-2.js"),
        ("/gpus", None),
        ("/nowhere", None),
        ("/traces/0/1", "trace-3.js"),
    ],
)
def test_the_page_names_the_code_that_shows_it(static, path, named):
    files = {"overview": "overview-1.js", "traces": "traces-2.js", "trace": "trace-3.js"}
    chunks = {f"src/features/{each}/index.tsx": {"file": f"assets/{files[each]}"} for each in files}
    (static / "chunks.json").write_text(json.dumps(chunks))
    found = re.findall(
        r'rel="modulepreload" crossorigin href="assets/(.*?)"', ask(static, path).text
    )
    assert found == ([named] if named else [])


def test_behind_a_proxy_the_page_knows_its_prefix(static):
    assert '<base href="/ax/">' in ask(static, "/traces", root_path="/ax").text
    assert '<base href="/&quot;&gt;/">' in ask(static, "/", root_path='/">').text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("index-a1b2.js", "text/javascript"), ("index-a1b2.css", "text/css")],
)
def test_files_with_a_hash_in_their_name_are_kept_for_ever(static, name, media_type):
    answer = ask(static, f"/assets/{name}")
    assert answer.status_code == 200
    assert answer.content == (static / "assets" / name).read_bytes()
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_other_files_are_asked_for_again(static):
    answer = ask(static, "/favicon.svg")
    assert (answer.text, answer.headers["cache-control"]) == ("<svg/>", "no-cache")
    assert answer.headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/none",
        "/api",
        "/v1/none",
        "/assets/none.js",
        "/assets/none",
        "/.well-known/security",
        "/none.js",
        "/traces/none.png",
        "/assets/%2e%2e/index.html",
        "/assets/..%2f..%2fpyproject.toml",
        "/..%2fsecret.txt",
        "/.hidden",
    ],
)
def test_what_is_not_there_is_not_the_page(static, path):
    (static / ".hidden").write_text("secret")
    (static.parent / "secret.txt").write_text("secret")
    answer = ask(static, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_build_the_page_says_how_and_files_are_missing(tmp_path):
    answer = ask(tmp_path, "/traces")
    assert answer.status_code == 503
    assert "npm ci\nnpm run build" in answer.text
    assert "pip install" in answer.text
    assert ask(tmp_path, "/assets/index.js").status_code == 404
    assert is_built(tmp_path) is False


def test_a_build_is_seen(static):
    assert is_built(static) is True
