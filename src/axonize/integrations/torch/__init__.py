"""PyTorch: calls of modules where nothing is trained, what is compiled, and collectives."""

from __future__ import annotations

from axonize.integrations.torch.collectives import COLLECTIVES
from axonize.integrations.torch.compiling import compiled, subgraph
from axonize.integrations.torch.modules import module_call
from axonize.integrations.torch.packages import package_call
from axonize.patching import Integration, Patch

TORCH = Integration(
    name="torch",
    requires="torch>=2.6",
    patches=(
        Patch("torch.nn.modules.module", "Module.__call__", module_call, kind="closure"),
        Patch("torch._dynamo.utils", "CompilationMetrics.create", compiled),
        Patch("torch._dynamo.output_graph", "OutputGraph.compile_subgraph", subgraph),
        Patch("torch.export.pt2_archive._package", "AOTICompiledModel.__call__", package_call),
        *COLLECTIVES,
    ),
)
