"""Internal errors: logged at debug level in production, raised in tests."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("axonize")
strict = False


def set_strict(value: bool) -> None:
    """Raise internal errors when true, log them when false."""
    global strict
    strict = value


def log_internal_error(error: Exception) -> None:
    """Log an error of ours that the host must not see, or raise it when strict."""
    if strict:
        raise error
    logger.debug("internal error; the application goes on without this telemetry", exc_info=error)


class Guard:
    """Keep our errors from the host: `with guarded:` or `@guarded`, which returns None on error."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if not strict:
            log_internal_error(error)
        return not strict

    def __call__(self, function: Callable[P, R]) -> Callable[P, R | None]:
        """Return the function so guarded."""

        @functools.wraps(function)
        def guarded_function(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - that is what a guard is for
                log_internal_error(error)
            return None

        return guarded_function


guarded = Guard()
