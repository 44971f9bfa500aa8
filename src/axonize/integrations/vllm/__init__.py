"""vLLM: why a request was slow, which engine steps it rode in, and with whom."""

from __future__ import annotations

from axonize.integrations.vllm import cold_start, front_end, offline, scheduler
from axonize.patching import Integration, Patch

OUTPUT = "vllm.v1.engine.output_processor"
ASYNC = "vllm.v1.engine.async_llm"
SYNC = "vllm.v1.engine.llm_engine"
SCHEDULER = "vllm.v1.core.sched.scheduler"
CORE = "vllm.v1.engine.core"
CONFIG = "vllm.engine.arg_utils"
SERVERS = "vllm.v1.utils"
WORKER = "vllm.v1.worker.gpu_worker"
CPU = "vllm.v1.worker.cpu_worker"
OFFLINE = "vllm.entrypoints.llm"

VLLM = Integration(
    name="vllm",
    requires="vllm>=0.10.2",
    patches=(
        Patch(OUTPUT, "OutputProcessor.add_request", front_end.add_request, "closure"),
        Patch(
            OUTPUT,
            "OutputProcessor._update_stats_from_finished",
            front_end.update_stats_from_finished,
            "closure",
        ),
        Patch(OUTPUT, "OutputProcessor._finish_request", front_end.finish_request, "closure"),
        Patch(OUTPUT, "OutputProcessor.abort_requests", front_end.abort_requests),
        Patch(OUTPUT, "OutputProcessor.propagate_error", front_end.propagate_error),
        Patch(OUTPUT, "OutputProcessor.process_outputs", front_end.process_outputs, "closure"),
        Patch(ASYNC, "AsyncLLM.__init__", front_end.engine_init),
        Patch(ASYNC, "AsyncLLM.add_request", front_end.async_add_request),
        Patch(SYNC, "LLMEngine.__init__", front_end.engine_init),
        Patch(SYNC, "LLMEngine.step", front_end.step, "closure"),
        Patch(OFFLINE, "LLM.generate", offline.generate),
        Patch(OFFLINE, "LLM.chat", offline.chat),
        Patch(OFFLINE, "LLM.embed", offline.embed),
        Patch(OFFLINE, "LLM.encode", offline.encode),
        Patch(OFFLINE, "LLM.classify", offline.classify),
        Patch(OFFLINE, "LLM.score", offline.score),
        Patch(SCHEDULER, "Scheduler.schedule", scheduler.schedule, "closure"),
        Patch(SCHEDULER, "Scheduler.update_from_output", scheduler.update_from_output, "closure"),
        Patch(SCHEDULER, "Scheduler.add_request", scheduler.add_request, "closure"),
        Patch(SCHEDULER, "Scheduler._free_request", scheduler.free_request, "closure"),
        Patch(CONFIG, "EngineArgs.create_engine_config", cold_start.create_config),
        Patch(ASYNC, "AsyncLLM.__init__", cold_start.engine_init),
        Patch(SYNC, "LLMEngine.__init__", cold_start.engine_init),
        Patch(SERVERS, "APIServerProcessManager.__init__", cold_start.api_servers_init),
        Patch("uvicorn.server", "Server.startup", cold_start.server_startup),
        Patch(CORE, "EngineCore.__init__", cold_start.core_init),
        Patch(CORE, "EngineCore.__init__", scheduler.core_init),
        Patch(WORKER, "Worker.load_model", cold_start.load_model),
        Patch(WORKER, "Worker.determine_available_memory", cold_start.determine_available_memory),
        Patch(WORKER, "Worker.initialize_from_config", cold_start.initialize_from_config),
        Patch(WORKER, "Worker.compile_or_warm_up_model", cold_start.compile_or_warm_up_model),
        Patch(CPU, "CPUWorker.determine_available_memory", cold_start.determine_available_memory),
        Patch(CPU, "CPUWorker.compile_or_warm_up_model", cold_start.compile_or_warm_up_model),
        Patch(CORE, "EngineCoreProc.run_engine_core", scheduler.run_engine_core, "closure"),
    ),
)
