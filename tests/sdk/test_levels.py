"""Outside of any model nobody has said how many levels are left."""

from __future__ import annotations

import contextvars

from axonize.levels import module_levels


def test_unset_outside_and_back_after_a_model() -> None:
    def inside() -> int:
        token = module_levels.set(0)
        found = module_levels.get(1)
        module_levels.reset(token)
        return found

    context = contextvars.Context()
    assert context.run(inside) == 0
    assert context.run(module_levels.get, 1) == 1
