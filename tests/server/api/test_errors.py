from __future__ import annotations

import logging

import pytest
from axonize_server import model
from axonize_server.api.errors import HANDLERS, STATUSES
from litestar import get, post
from litestar.params import JSONBody
from litestar.testing import create_test_client

RAISED = {
    model.MalformedRequest("x"): 400,
    model.InvalidQuery("x"): 400,
    model.QueryTooLarge("x"): 400,
    model.Unauthenticated("x"): 401,
    model.Forbidden("x"): 403,
    model.Conflict("x"): 409,
    model.NotFound("x"): 404,
    model.QuotaExceeded("x"): 429,
    model.Overloaded("x", retry_after_s=2.4): 429,
    model.StoreRefused("x"): 500,
    model.StoreUnavailable("x", retry_after_s=7): 503,
    model.QueryTooSlow("x"): 504,
}


def answer_to(error: Exception):
    @get("/")
    async def fail() -> None:
        raise error

    with create_test_client([fail], exception_handlers=HANDLERS, logging_config=None) as client:
        return client.get("/")


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_every_domain_error_is_a_problem_with_its_status(error):
    answer = answer_to(error)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == answer.json()["status"] == RAISED[error]
    assert answer.json()["detail"] == "x"


def test_no_error_that_a_request_can_meet_was_forgotten():
    without_requests = {model.MigrationError, model.StartError, model.UnusableFile}
    raised = {
        each for each in model.DomainError.__subclasses__() if each.__module__ == model.__name__
    }
    assert raised - without_requests == set(STATUSES)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(model.Overloaded("x", retry_after_s=0.1), "1"), (model.StoreUnavailable("x"), "5")],
)
def test_what_can_be_tried_again_says_when(error, seconds):
    assert answer_to(error).headers["retry-after"] == seconds


def test_a_fault_of_the_server_tells_nothing_and_is_logged(caplog):
    with caplog.at_level(logging.ERROR, "axonize.server"):
        answer = answer_to(ZeroDivisionError("secret"))
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "internal error; the server's log says more",
    }
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/api/v1/none", 404, "Not Found"),
        ("DELETE", "/api/v1/traces", 405, "Method Not Allowed"),
        ("POST", "/healthz", 405, "Method Not Allowed"),
    ],
)
def test_unknown_routes_and_methods_are_problems_too(client, method, path, status, title):
    answer = client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["title"]) == (status, title)


def test_a_body_that_is_too_large_is_a_problem():
    @post("/", request_max_body_size=3)
    async def take(data: JSONBody[dict[str, str]]) -> None:
        assert data

    with create_test_client([take], exception_handlers=HANDLERS) as client:
        answer = client.post("/", json={"a": "long"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == answer.json()["status"] == 413
