"""Every attribute name that is written, as a constant; the unit stands beside it.

Names without the prefix axonize. are OpenTelemetry's; those of generative AI are at
https://github.com/open-telemetry/semantic-conventions-genai.
"""

from __future__ import annotations

# Resource
SERVICE_NAME = "service.name"
SERVICE_INSTANCE_ID = "service.instance.id"
DEPLOYMENT_ENVIRONMENT_NAME = "deployment.environment.name"
CONTAINER_ID = "container.id"
HOST_NAME = "host.name"
PROCESS_PID = "process.pid"
PROCESS_COMMAND = "process.command"
PROCESS_RUNTIME_NAME = "process.runtime.name"
PROCESS_RUNTIME_VERSION = "process.runtime.version"
TELEMETRY_SDK_NAME = "telemetry.sdk.name"
TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language"
TELEMETRY_SDK_VERSION = "telemetry.sdk.version"

# Errors
ERROR_TYPE = "error.type"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"

# Source code
CODE_FILE_PATH = "code.file.path"
CODE_LINE_NUMBER = "code.line.number"

# Requests over HTTP
CLIENT_ADDRESS = "client.address"
CLIENT_PORT = "client.port"
HTTP_REQUEST_METHOD = "http.request.method"
HTTP_REQUEST_RESEND_COUNT = "http.request.resend_count"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_ROUTE = "http.route"
NETWORK_PROTOCOL_NAME = "network.protocol.name"
NETWORK_PROTOCOL_VERSION = "network.protocol.version"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
URL_PATH = "url.path"
URL_QUERY = "url.query"
URL_SCHEME = "url.scheme"
USER_AGENT_ORIGINAL = "user_agent.original"

# Generative AI: what was asked
GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id"
GEN_AI_EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count"
GEN_AI_OPERATION_NAME = "gen_ai.operation.name"
GEN_AI_OUTPUT_TYPE = "gen_ai.output.type"
GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
GEN_AI_REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count"
GEN_AI_REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats"
GEN_AI_REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty"
GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty"
GEN_AI_REQUEST_SEED = "gen_ai.request.seed"
GEN_AI_REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences"
GEN_AI_REQUEST_STREAM = "gen_ai.request.stream"
GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature"
GEN_AI_REQUEST_TOP_K = "gen_ai.request.top_k"
GEN_AI_REQUEST_TOP_P = "gen_ai.request.top_p"

# Generative AI: what was answered
GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_ID = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL = "gen_ai.response.model"
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"  # s
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens"

# Generative AI: content, only where it was asked for
GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages"
GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"

# Triton Inference Server, as its own spans say it
TRITON_MODEL_NAME = "triton.model_name"
TRITON_MODEL_VERSION = "triton.model_version"
TRITON_REQUEST_ID = "triton.request_id"

# Without a convention
BATCH_SIZE = "axonize.batch_size"  # sequences in the call
COST_USD = "cost.usd"  # US dollars
DEVICE = "axonize.device"  # such as cuda:0
DIFFUSION_FRAMES = "axonize.diffusion.frames"  # of a video, as asked
DIFFUSION_GUIDANCE_SCALE = "axonize.diffusion.guidance_scale"
DIFFUSION_HEIGHT = "axonize.diffusion.height"  # pixels
DIFFUSION_MODEL_MS = "axonize.diffusion.model_ms"  # ms of the steps but for the scheduler
DIFFUSION_OUTPUTS = "axonize.diffusion.outputs"  # images, videos or sounds that came out
DIFFUSION_SCHEDULER = "axonize.diffusion.scheduler"  # its class
DIFFUSION_SCHEDULER_MS = "axonize.diffusion.scheduler_ms"  # ms of the steps in the scheduler
DIFFUSION_STEPS = "axonize.diffusion.steps"  # as asked; of "denoise" how many there were
DIFFUSION_STEP_MAX_MS = "axonize.diffusion.step.max_ms"  # ms
DIFFUSION_STEP_MS = "axonize.diffusion.step_ms"  # ms, of each step
DIFFUSION_STEP_P50_MS = "axonize.diffusion.step.p50_ms"  # ms
DIFFUSION_STEP_P99_MS = "axonize.diffusion.step.p99_ms"  # ms
DIFFUSION_STRENGTH = "axonize.diffusion.strength"  # 0 to 1, how much of an image is made anew
DIFFUSION_WIDTH = "axonize.diffusion.width"  # pixels
GENERATION_BEAMS = "axonize.generation.beams"
GENERATION_CACHE = "axonize.generation.cache"  # the class of the cache, such as StaticCache
GENERATION_DRAFT = "axonize.generation.draft"  # true: its tokens are proposals, no usage
GENERATION_MODE = "axonize.generation.mode"  # such as greedy_search, in the library's words
GENERATION_OUTPUT_LENGTH = "axonize.generation.output_length"  # tokens of the longest sequence
GENERATION_PROMPT_LENGTH = "axonize.generation.prompt_length"  # tokens a sequence, with padding
GENERATION_STEPS = "axonize.generation.steps"  # turns of the decoding loop
HTTP_CLIENT_DISCONNECTED = "axonize.http.client_disconnected"  # true: before the last byte
HTTP_TTFB_MS = "axonize.http.ttfb_ms"  # ms from the start of the span to the first body byte
ITL_MAX_MS = "axonize.itl.max_ms"  # ms, longest time between two tokens
ITL_P50_MS = "axonize.itl.p50_ms"  # ms
ITL_P99_MS = "axonize.itl.p99_ms"  # ms
MODEL_CLASS = "axonize.model.class"
MODEL_DTYPE = "axonize.model.dtype"  # such as bfloat16
MODEL_TYPE = "axonize.model.type"  # the architecture, such as llama
PIPELINE_CLASS = "axonize.pipeline.class"
PIPELINE_INPUTS = "axonize.pipeline.inputs"  # how many
PIPELINE_TASK = "axonize.pipeline.task"
SETUP = "axonize.setup"  # true: it makes ready; a trace whose root says so is no request
STREAM_CHUNKS = "axonize.stream.chunks"  # how many came
STREAM_INCOMPLETE = "axonize.stream.incomplete"  # true: the caller read no further
TORCH_COLLECTIVE = "axonize.torch.collective"  # of N: .N.name, .N.count, .N.host_ms, .N.bytes
TORCH_COLLECTIVES = "axonize.torch.collectives"  # how many, of all names
TORCH_COLLECTIVES_HOST_MS = "axonize.torch.collectives.host_ms"  # ms of the host in all of them
TORCH_COMPILED = "axonize.torch.compiled"  # true: it went through torch.compile
TORCH_COMPILE_BACKEND_MS = "axonize.torch.compile.backend_ms"  # ms, of the time of the span
TORCH_COMPILE_ID = "axonize.torch.compile.id"  # such as 0/1: the second of the first function
TORCH_COMPILE_OPERATIONS = "axonize.torch.compile.operations"  # in the graph
TORCH_COMPILE_REASON = "axonize.torch.compile.reason"  # of a recompilation or a graph break
TORCH_DEVICE_MS = "axonize.torch.device_ms"  # ms from when the device came to it until it was done
TORCH_DEVICE_MS_METHOD = "axonize.torch.device_ms.method"  # such as cuda_events
TORCH_DISTRIBUTED_BACKEND = "axonize.torch.distributed.backend"  # such as nccl
TORCH_DISTRIBUTED_RANK = "axonize.torch.distributed.rank"
TORCH_DISTRIBUTED_WORLD_SIZE = "axonize.torch.distributed.world_size"  # processes
TORCH_INPUT_SHAPE = "axonize.torch.input_shape"  # of the first tensor
TORCH_KERNEL = "axonize.torch.kernel"  # of N: .N.name, .N.count, .N.total_ms
TORCH_KERNELS = "axonize.torch.kernels"  # how many ran, of all names
TORCH_KERNELS_DEVICE = "axonize.torch.kernels.device"  # cuda; cpu: they are its operators
TORCH_KERNELS_TOTAL_MS = "axonize.torch.kernels.total_ms"  # ms of all of them
TORCH_MEMORY_ALLOCATED_BYTES = "axonize.torch.memory.allocated_bytes"  # in tensors, at the end
TORCH_MEMORY_ALLOCATED_PEAK_BYTES = "axonize.torch.memory.allocated_peak_bytes"  # at most so far
TORCH_MEMORY_PEAK_ROSE = "axonize.torch.memory.peak_rose"  # true: that peak is of this call
TORCH_MEMORY_RESERVED_BYTES = "axonize.torch.memory.reserved_bytes"  # that the allocator holds
TORCH_MEMORY_RESERVED_PEAK_BYTES = "axonize.torch.memory.reserved_peak_bytes"  # at most so far
TORCH_MEMORY_SUMMARY = "axonize.torch.memory_summary"  # in the allocator's words
TORCH_PARAMETERS = "axonize.torch.parameters"  # how many numbers they are
TRITON_COMPILE_CACHED = "axonize.triton.compile.cached"  # true: loaded from the disk
TRITON_CONFIG = "axonize.triton.config"  # what autotune tried, or found to be the best
TRITON_CONFIGS = "axonize.triton.configs"  # how many it tries
TRITON_CONFIG_MS = "axonize.triton.config_ms"  # ms, median of the trial
TRITON_HOST_MS = "axonize.triton.host_ms"  # ms in which the host launched, without compiling
TRITON_KERNEL = "axonize.triton.kernel"  # of N: .N.name, .N.launches, .N.host_ms, .N.grid ...
TRITON_LAUNCHES = "axonize.triton.launches"  # of all kernels
TRITON_NUM_STAGES = "axonize.triton.num_stages"
TRITON_NUM_WARPS = "axonize.triton.num_warps"
TRITON_OTHER_LAUNCHES = "axonize.triton.other_launches"  # of kernels not told apart any more
TRITON_SERVER_FIRST_RESPONSE_MS = "axonize.triton_server.first_response_ms"  # ms, from its start
TRITON_SERVER_INSTANCE = "axonize.triton_server.instance"  # of the model
TRITON_SERVER_REQUESTS = "axonize.triton_server.requests"  # that were sent in a stream
TRITON_SERVER_RESPONSES = "axonize.triton_server.responses"  # how many there were
TRITON_SERVER_SEQUENCE_ID = "axonize.triton_server.sequence_id"
TRITON_SHARED_BYTES = "axonize.triton.shared_bytes"  # a program
TRITON_SIGNATURE = "axonize.triton.signature"  # type of each argument
TRITON_TARGET = "axonize.triton.target"  # such as cuda:90
TPOT_MS = "axonize.tpot_ms"  # ms a token after the first
TTFT_MS = "axonize.ttft_ms"  # ms from the start of the span to the first token
