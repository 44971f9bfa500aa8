"""A scheduler for `--scheduler-cls` that writes down what it schedules, without Axonize."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from vllm.v1.core.sched.scheduler import Scheduler


class RecordingScheduler(Scheduler):
    def schedule(self, *args: Any, **kwargs: Any) -> Any:
        output = super().schedule(*args, **kwargs)
        if output.total_num_scheduled_tokens:
            with Path(os.environ["RECORDED_STEPS"]).open("a") as file:
                file.write(json.dumps(output.num_scheduled_tokens) + "\n")
        return output
