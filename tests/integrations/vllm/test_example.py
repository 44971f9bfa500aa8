"""The example of a batch runs as its page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integrations.collector import Collector
from tests.integrations.vllm.conftest import ROOT, environment


def test_each_request_of_the_batch_has_its_phases_and_its_share(
    model: Path, collector: Collector, tmp_path: Path
) -> None:
    variables = environment(tmp_path, AXONIZE_ENDPOINT=collector.address)
    program = str(ROOT / "examples" / "vllm_offline.py")
    command = ["-m", "axonize.instrument", "--service-name", "batch", sys.executable, program]
    done = subprocess.run(
        [sys.executable, *command, str(model)], env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip().splitlines()) >= 9
    requests = [each for each in collector.spans if each.name == "engine.request"]
    assert len(requests) == 9
    assert all(each["axonize.step.count"] > 0 for each in requests)
    shared = [step for step in collector.named("engine.step") if len(step.links) > 1]
    assert shared
