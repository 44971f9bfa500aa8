from __future__ import annotations

import pytest
from axonize_server.auth.keys import static_key
from axonize_server.model import Unauthenticated


@pytest.mark.parametrize("authorization", ["Bearer k€y", "bearer k€y", "BEARER   k€y "])
def test_the_key_opens_the_default_tenant(authorization):
    assert static_key("k€y")(authorization) == "default"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer k€",
        "Bearer k€yy",
        "k€y",
        "Basic k€y",
        "Bearer \udcff",
    ],
)
def test_everything_else_is_refused(authorization):
    with pytest.raises(Unauthenticated, match="Authorization: Bearer KEY"):
        static_key("k€y")(authorization)


@pytest.mark.parametrize("authorization", [None, "Bearer anything"])
def test_without_a_key_everyone_is_the_default_tenant(authorization):
    assert static_key("")(authorization) == "default"
