"""Errors to HTTP problems (RFC 9457), once for every route."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.types import ExceptionHandler

from axonize_server import model
from axonize_server.api.schemas import Problem

STATUSES: Mapping[type[model.DomainError], HTTPStatus] = {
    model.MalformedRequest: HTTPStatus.BAD_REQUEST,
    model.InvalidQuery: HTTPStatus.BAD_REQUEST,
    model.QueryTooLarge: HTTPStatus.BAD_REQUEST,
    model.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    model.Forbidden: HTTPStatus.FORBIDDEN,
    model.NotFound: HTTPStatus.NOT_FOUND,
    model.Conflict: HTTPStatus.CONFLICT,
    model.Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
    model.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    model.StoreRefused: HTTPStatus.INTERNAL_SERVER_ERROR,
    model.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    model.QueryTooSlow: HTTPStatus.GATEWAY_TIMEOUT,
}
logger = logging.getLogger("axonize.server")


MEDIA_TYPE = "application/problem+json"


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe for the OpenAPI document which problems a route can answer with."""
    return {
        status: ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response[Problem]:
    """Answer with a problem document."""
    return Response(
        Problem("about:blank", HTTPStatus(status).phrase, status, detail),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def from_domain(_: Request[Any, Any, Any], error: model.DomainError) -> Response[Problem]:
    """Answer what a room below raised on purpose."""
    kinds = (kind for kind in type(error).__mro__ if kind in STATUSES)
    status = STATUSES.get(next(kinds, type(error)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if isinstance(error, model.Overloaded | model.StoreUnavailable):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, model.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s", error)
    return problem(status, str(error), headers)


def from_litestar(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer what the framework found: unknown routes, wrong methods, invalid parameters."""
    return problem(error.status_code, _explain(error), error.headers)


def _explain(error: HTTPException) -> str:
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return error.detail
    faults = [f"{fault.get('key', 'body')}: {fault.get('message', '')}" for fault in error.extra]
    return "; ".join(faults) or error.detail


def from_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a fault of the server without telling what is inside it."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error; the server's log says more")


HANDLERS: dict[int | type[Exception], ExceptionHandler[Any]] = {
    model.DomainError: from_domain,
    HTTPException: from_litestar,
    Exception: from_unexpected,
}
