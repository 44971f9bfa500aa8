from __future__ import annotations

import asyncio

import pytest
from axonize_server.auth.admin import AdminGate
from axonize_server.model import Forbidden, NotFound, Unauthenticated


async def authenticate(authorization: str | None, scope: str) -> str:
    """Know keys of acme, one with the scope `admin`."""
    if authorization not in ("Bearer admin-of-acme", "Bearer reader-of-acme"):
        raise Unauthenticated("no")
    if scope == "admin" and authorization == "Bearer reader-of-acme":
        raise Forbidden("no scope")
    return "acme"


def answer(header: str | None, tenant: str | None, admin_key: str = "operator") -> str:
    gate = AdminGate(admin_key, authenticate)
    asked = gate.permit_all(header) if tenant is None else gate.permit(header, tenant)
    try:
        asyncio.run(asked)
    except (Unauthenticated, Forbidden, NotFound) as error:
        return type(error).__name__
    return "permitted"


@pytest.mark.parametrize(
    ("header", "everything", "acme", "other"),
    [
        ("Bearer operator", "permitted", "permitted", "permitted"),
        ("Bearer admin-of-acme", "Forbidden", "permitted", "NotFound"),
        ("Bearer reader-of-acme", "Forbidden", "Forbidden", "Forbidden"),
        ("Bearer nobody", "Unauthenticated", "Unauthenticated", "Unauthenticated"),
        (None, "Unauthenticated", "Unauthenticated", "Unauthenticated"),
    ],
)
def test_who_may_manage_what(header, everything, acme, other):
    assert (answer(header, None), answer(header, "acme"), answer(header, "other")) == (
        everything,
        acme,
        other,
    )


@pytest.mark.parametrize("header", ["Bearer ", "Bearer x", "Bearer operator"])
def test_without_an_admin_key_nobody_is_it(header):
    assert answer(header, None, admin_key="") == "Unauthenticated"
