from __future__ import annotations

import pytest
from axonize_server.api.errors import HANDLERS
from axonize_server.auth.hosts import check_hosts
from litestar import get
from litestar.testing import create_test_client


@get("/")
async def page() -> str:
    """Answer."""
    return "data"


def status(host: str) -> int:
    with create_test_client(
        [page], middleware=[check_hosts(["Axonize.example"])], exception_handlers=HANDLERS
    ) as client:
        return client.get("/", headers={"host": host}).status_code


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]", "axonize.example:443"],
)
def test_names_of_this_machine_and_allowed_ones_are_answered(host):
    assert status(host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8080", "10.0.0.1", "[fe80::1]:80"]
)
def test_other_names_are_refused(host):
    assert status(host) == 403
