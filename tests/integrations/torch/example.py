"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed._functional_collectives
import torch.export.pt2_archive._package


class Branching(torch.nn.Module):
    """A model whose way depends on its data, which breaks the graph of a compiler."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        if y.sum() > 100:
            y = y + 1
        return y.relu()


def example() -> list[Any]:
    """Return what the library answers, the same each time."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    model = Branching().eval()
    with torch.no_grad():
        plain = model(torch.ones(2, 4))
        compiled = torch.compile(model, backend="eager")(torch.ones(2, 4))
    return [plain.tolist(), compiled.tolist()]
