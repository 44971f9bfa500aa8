"""Reads the properties of an entry of macOS's I/O registry."""

from __future__ import annotations

import ctypes
import plistlib
from collections.abc import Mapping
from typing import Any

from axonize.gpu.backend import GPUGone

FRAMEWORKS = "/System/Library/Frameworks"
BINARY_PLIST = 200  # kCFPropertyListBinaryFormat_v1_0


class IOKit:
    """The two frameworks, loaded; raises GPUGone where there are none."""

    def __init__(self) -> None:
        try:
            self._kit = ctypes.CDLL(f"{FRAMEWORKS}/IOKit.framework/IOKit")
            self._core = ctypes.CDLL(f"{FRAMEWORKS}/CoreFoundation.framework/CoreFoundation")
        except OSError as error:
            raise GPUGone(str(error)) from error
        pointer, port = ctypes.c_void_p, ctypes.c_uint32
        _declare(self._kit.IOServiceMatching, pointer, ctypes.c_char_p)
        _declare(self._kit.IOServiceGetMatchingService, port, port, pointer)
        _declare(
            self._kit.IORegistryEntryCreateCFProperties,
            *(ctypes.c_int, port, ctypes.POINTER(pointer), pointer, port),
        )
        _declare(self._kit.IOObjectRelease, ctypes.c_int, port)
        _declare(
            self._core.CFPropertyListCreateData,
            *(pointer, pointer, pointer, ctypes.c_long, ctypes.c_ulong, pointer),
        )
        _declare(self._core.CFDataGetLength, ctypes.c_long, pointer)
        _declare(self._core.CFDataGetBytePtr, pointer, pointer)
        _declare(self._core.CFRelease, None, pointer)

    def read(self, name: str) -> Mapping[str, Any]:
        """Return the properties of the first service of a class; raises GPUGone without one."""
        matching = self._kit.IOServiceMatching(name.encode())
        service = self._kit.IOServiceGetMatchingService(0, matching)  # releases matching
        if not service:
            raise GPUGone(f"the I/O registry has no {name}")
        properties = ctypes.c_void_p()
        try:
            failed = self._kit.IORegistryEntryCreateCFProperties(
                service, ctypes.byref(properties), None, 0
            )
        finally:
            self._kit.IOObjectRelease(service)
        if failed or not properties:
            raise GPUGone(f"the I/O registry does not tell of {name}: {failed}")
        return self._convert(properties)

    def _convert(self, properties: ctypes.c_void_p) -> Mapping[str, Any]:
        data = self._core.CFPropertyListCreateData(None, properties, BINARY_PLIST, 0, None)
        self._core.CFRelease(properties)
        if not data:
            raise GPUGone("the I/O registry holds what is no property list")
        try:
            length = self._core.CFDataGetLength(data)
            encoded = ctypes.string_at(self._core.CFDataGetBytePtr(data), length)
        finally:
            self._core.CFRelease(data)
        converted: Mapping[str, Any] = plistlib.loads(encoded)
        return converted


def _declare(function: Any, result: Any, *arguments: Any) -> None:
    function.restype, function.argtypes = result, arguments
