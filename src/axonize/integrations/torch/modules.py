"""One span for each call of a module by the program, not for the modules inside it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

from axonize import recording, semconv
from axonize.finder import when_imported
from axonize.guard import guarded, log_internal_error
from axonize.integrations.torch.settings import has_an_engine, read_settings
from axonize.levels import module_levels
from axonize.speed import Span


def module_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the replacement of Module.__call__, through which every module's call goes."""
    from torch import is_grad_enabled
    from torch.compiler import is_compiling

    settings = read_settings()
    depth, chosen = settings.torch_depth, frozenset(settings.torch_modules)
    trains = settings.torch_training
    levels = module_levels.get

    # The three questions are asked for every module of a model, and a compiler reads the first.
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_compiling() or (is_grad_enabled() and not trains):
            return original(self, *args, **kwargs)
        left = levels(depth)
        if not left and not (chosen and type(self).__name__ in chosen):
            return original(self, *args, **kwargs)
        return _traced(original, self, args, kwargs, left)

    when_imported("torch._dynamo", lambda: _pass_over(call.__code__))
    return call


def _pass_over(code: Any) -> None:
    """Let torch.compile go past our frame, as past the library's own, to what the module does."""
    from torch._dynamo.decorators import skip_code

    skip_code(code)


def _traced(
    original: Callable[..., Any],
    module: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    left: int,
) -> Any:
    span, engine = None, has_an_engine()
    outer = module_levels.set(0 if engine or not left else left - 1)
    try:
        if not engine:
            span = _begin(module, args, kwargs)
    except Exception as error:  # noqa: BLE001 - written out: a guard costs as much as a span
        log_internal_error(error)
    try:
        if span is None:
            return original(module, *args, **kwargs)
        with span:
            try:
                return original(module, *args, **kwargs)
            except BaseException as error:
                _failed(span, error)
                raise
    finally:
        module_levels.reset(outer)


def _begin(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
    model = _described.get(module) or _describe(module)
    span = Span(model.name, model.attributes())
    shape = _shape(args) or _shape(kwargs.values())
    if shape is not None:
        span.set_attribute(semconv.TORCH_INPUT_SHAPE, shape)
    gpus = recording.engine_gpus or model.gpus
    if gpus:
        span.set_gpus(gpus)
    return span


class _Model:
    """What is known of a module; where its weights lie and of which type may change."""

    def __init__(self, module: Any) -> None:
        compiled = "_orig_mod" in module._modules  # what torch.compile returns has it inside
        inner = module._modules["_orig_mod"] if compiled else module
        parameters = list(module.parameters())
        name = getattr(inner, "original_name", type(inner).__name__)  # of what TorchScript made
        self.name = f"forward {name}"
        self.gpus: tuple[str, ...] = ()
        self._first: Callable[[], Any] | None = weakref.ref(parameters[0]) if parameters else None
        self._device: Any = None
        self._dtype: Any = None
        self._attributes: dict[str, Any] = {
            semconv.MODEL_CLASS: name,
            semconv.TORCH_PARAMETERS: sum(each.numel() for each in parameters),
        }
        if compiled or getattr(module, "_compiled_call_impl", None) is not None:
            self._attributes[semconv.TORCH_COMPILED] = True

    def attributes(self) -> dict[str, Any]:
        """Return what every call has."""
        first = self._first() if self._first else None
        if first is not None:
            device, dtype = first.device, first.dtype
            if dtype is not self._dtype or device != self._device:
                self._moved(device, dtype)
        return self._attributes

    def _moved(self, device: Any, dtype: Any) -> None:
        self._device, self._dtype = device, dtype
        self._attributes[semconv.DEVICE] = str(device)
        self._attributes[semconv.MODEL_DTYPE] = str(dtype).removeprefix("torch.")
        self.gpus = (str(device),) if device.type in ("cuda", "mps") else ()


_described: weakref.WeakKeyDictionary[Any, _Model] = weakref.WeakKeyDictionary()


def _describe(module: Any) -> _Model:
    model = _described[module] = _Model(module)
    return model


def _shape(values: Iterable[Any]) -> tuple[int, ...] | None:
    for value in values:
        shape = getattr(value, "shape", None)
        if shape is not None:
            return tuple(shape)
    return None


@guarded
def _failed(span: Span, error: BaseException) -> None:
    """Add what the allocator says when memory has run out."""
    import torch

    if isinstance(error, torch.OutOfMemoryError) and torch.cuda.is_initialized():
        summary = torch.cuda.memory_summary(abbreviated=True)
        span.add_event("out_of_memory", {semconv.TORCH_MEMORY_SUMMARY: summary})
