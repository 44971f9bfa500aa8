"""The registry: which library switches on which integration, imported only when its library is."""

from __future__ import annotations

from axonize.finder import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from axonize.patching import Integration

# Name, the module whose import asks for it ("" is part of every process), the Integration: a row
# for each library that it is for. Read at the start of every traced process: plain tuples, for
# they cost nothing to make.
REGISTRY: tuple[tuple[str, str, str], ...] = (
    ("asgi", "starlette.applications", "axonize.integrations.asgi:ASGI"),
    ("diffusers", "diffusers", "axonize.integrations.diffusers:DIFFUSERS"),
    ("openai", "openai", "axonize.integrations.openai:OPENAI"),
    ("opentelemetry", "opentelemetry.trace", "axonize.opentelemetry:OPENTELEMETRY"),
    ("threads", "", "axonize.integrations.threads:THREADS"),
    ("torch", "torch", "axonize.integrations.torch:TORCH"),
    ("transformers", "transformers", "axonize.integrations.transformers:TRANSFORMERS"),
    ("triton_kernels", "triton", "axonize.integrations.triton_kernels:TRITON_KERNELS"),
    *(
        ("triton_server", library, "axonize.integrations.triton_server:TRITON_SERVER")
        for library in ("tritonclient", "triton_python_backend_utils", "pytriton")
    ),
    ("vllm", "vllm", "axonize.integrations.vllm:VLLM"),
)


def install_on_import(wanted: tuple[str, ...] = (), unwanted: tuple[str, ...] = ()) -> None:
    """Install integrations as their libraries are imported: all, or those that are wanted."""
    for name, library, path in REGISTRY:
        if name not in unwanted and (not wanted or name in wanted):
            _install_on_import(library, path)


def load_integration(path: str) -> Integration:
    """Import the module of an integration and return its table."""
    from importlib import import_module

    module, _, name = path.partition(":")
    integration: Integration = getattr(import_module(module), name)
    return integration


def _install_on_import(library: str, path: str) -> None:
    def install() -> None:
        from axonize import patching

        patching.install(load_integration(path))

    if library:
        when_imported(library, install)
    else:
        install()
