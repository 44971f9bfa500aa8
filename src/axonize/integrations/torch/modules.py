"""One span for each call of a module by the program, not for the modules inside it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from axonize import recording, semconv
from axonize.device import followed, forget_settings, is_followed, tell_out_of_memory
from axonize.finder import when_imported
from axonize.guard import log_internal_error
from axonize.integrations.torch.settings import has_an_engine, read_settings
from axonize.integrations.torch.shape import shape_of
from axonize.levels import module_levels
from axonize.speed import Span

Block: TypeAlias = AbstractContextManager[Span]


def module_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the replacement of Module.__call__, through which every module's call goes."""
    from torch import is_grad_enabled
    from torch.compiler import is_compiling

    forget_settings()
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
    if has_an_engine():
        left, block = 1, None
    else:
        block = _begin(module, args, kwargs)
    outer = module_levels.set(left - 1 if left else 0)
    try:
        if block is None:
            return original(module, *args, **kwargs)
        with block as span:
            try:
                return original(module, *args, **kwargs)
            except BaseException as error:
                tell_out_of_memory(span, error)
                raise
    finally:
        module_levels.reset(outer)


def _begin(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Block | None:
    # Guards and helpers are written out: each would cost as much as a clock.
    try:
        model = _described.get(id(module)) or _describe(module)
        first = model.first()
        if first is not None and (first.dtype is not model.dtype or first.device != model.device):
            model.moved(first)
        span = Span(model.name, model.attributes)
        shape = getattr(args[0], "shape", None) if args else None
        if shape is None:
            shape = shape_of((*args, *kwargs.values()))
        if shape is not None:
            span.set_attribute(semconv.TORCH_INPUT_SHAPE, tuple(shape))
        gpus = recording.engine_gpus or model.gpus
        if gpus:
            span.set_gpus(gpus)
        if model.is_followed:
            return followed(span, model.device, outermost=module_levels.get(None) is None)
        return span
    except Exception as error:  # noqa: BLE001
        log_internal_error(error)
        return None


class _Model:
    """What is known of a module; where its weights lie and of which type may change."""

    def __init__(self, module: Any) -> None:
        compiled = "_orig_mod" in module._modules  # what torch.compile returns has it inside
        inner = module._modules["_orig_mod"] if compiled else module
        parameters = list(module.parameters())
        name = getattr(inner, "original_name", type(inner).__name__)  # of what TorchScript made
        self.name = f"forward {name}"
        self.gpus: tuple[str, ...] = ()
        self.first: Callable[[], Any] = weakref.ref(parameters[0]) if parameters else _nothing
        self.is_followed = is_followed(None)
        self.device: Any = None
        self.dtype: Any = None
        self.attributes: dict[str, Any] = {
            semconv.MODEL_CLASS: name,
            semconv.TORCH_PARAMETERS: sum(each.numel() for each in parameters),
        }
        if compiled or getattr(module, "_compiled_call_impl", None) is not None:
            self.attributes[semconv.TORCH_COMPILED] = True

    def moved(self, first: Any) -> None:
        """Take from its first parameter where it lies now, and of which type it is."""
        self.device, self.dtype = first.device, first.dtype
        self.gpus = (str(self.device),) if self.device.type in ("cuda", "mps") else ()
        self.is_followed = is_followed(self.device)
        self.attributes = {
            **self.attributes,
            semconv.DEVICE: str(self.device),
            semconv.MODEL_DTYPE: str(self.dtype).removeprefix("torch."),
        }


def _nothing() -> None:
    """Stand for the first parameter of a module that has none."""


# By identity, for modules may compare as they like; each leaves with its module.
_described: dict[int, _Model] = {}


def _describe(module: Any) -> _Model:
    key = id(module)
    model = _described[key] = _Model(module)
    weakref.finalize(module, _described.pop, key, None).atexit = False
    return model
