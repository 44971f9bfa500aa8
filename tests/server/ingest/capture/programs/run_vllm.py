"""vLLM's own tracing: a random model answers a question, and one again whose prompt is cached."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.integrations.tiny_llama import SENTENCES, save_tiny_llama

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # its loading spans would travel by themselves
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
}


def main() -> None:
    import vllm

    with tempfile.TemporaryDirectory() as folder:
        model = vllm.LLM(
            str(save_tiny_llama(Path(folder))),
            dtype="float32",
            enforce_eager=True,
            max_model_len=256,
            otlp_traces_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces",
            disable_log_stats=False,
        )
        asked = vllm.SamplingParams(max_tokens=8, temperature=0.5, ignore_eos=True)
        for _ in range(2):
            model.generate(" ".join(SENTENCES[:4]), asked, use_tqdm=False)


if __name__ == "__main__":
    main()
