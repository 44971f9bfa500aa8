"""PyTorch: calls of modules where nothing is trained, and what torch.compile compiles."""

from __future__ import annotations

from axonize.integrations.torch.compiling import compiled, subgraph
from axonize.integrations.torch.modules import module_call
from axonize.patching import Integration, Patch

TORCH = Integration(
    name="torch",
    requires="torch>=2.6",
    patches=(
        Patch("torch.nn.modules.module", "Module.__call__", module_call, kind="closure"),
        Patch("torch._dynamo.utils", "CompilationMetrics.create", compiled),
        Patch("torch._dynamo.output_graph", "OutputGraph.compile_subgraph", subgraph),
    ),
)
