"""Every integration whose library is here holds the contract."""

from __future__ import annotations

import pytest

from tests.integrations.contract import Contract, present


@pytest.mark.parametrize("name", sorted(present()))
class TestContract(Contract):
    pass
