"""The I/O registry, where there is one."""

from __future__ import annotations

import sys

import pytest

from axonize.gpu.backend import GPUGone
from axonize.gpu.iokit import IOKit


@pytest.mark.skipif(sys.platform != "darwin", reason="only macOS has IOKit")
def test_reads_an_entry() -> None:
    assert IOKit().read("IOPlatformExpertDevice")["IOPlatformUUID"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has IOKit")
def test_elsewhere_it_says_that_there_is_none() -> None:
    with pytest.raises(GPUGone, match="IOKit"):
        IOKit()
