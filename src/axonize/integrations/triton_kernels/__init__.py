"""Triton kernels: how often each is launched, what is compiled, what is tuned."""

from __future__ import annotations

from axonize.integrations.triton_kernels.compiling import compiled, lowered
from axonize.integrations.triton_kernels.launches import launch
from axonize.integrations.triton_kernels.tuning import benchmarked, pruned
from axonize.patching import Integration, Patch

TRITON_KERNELS = Integration(
    name="triton_kernels",
    requires="triton>=3.5",
    patches=(
        Patch("triton.runtime.jit", "JITFunction.run", launch, kind="closure"),
        Patch("triton.runtime.interpreter", "InterpretedFunction.run", launch, kind="closure"),
        Patch("triton.runtime.jit", "JITFunction._do_compile", compiled),
        Patch("triton.compiler.compiler", "ASTSource.make_ir", lowered),
        Patch("triton.runtime.autotuner", "Autotuner.prune_configs", pruned),
        Patch("triton.runtime.autotuner", "Autotuner._bench", benchmarked),
    ),
)
