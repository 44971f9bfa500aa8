"""Triton Inference Server: its clients, the Python models that it runs, and PyTriton."""

from __future__ import annotations

from axonize.integrations.triton_server.client import connected, infer
from axonize.integrations.triton_server.deferred import infer_by_callback, infer_by_greenlet
from axonize.integrations.triton_server.model import trace_models, trace_no_more
from axonize.integrations.triton_server.pytriton import handler
from axonize.integrations.triton_server.streams import ask, start, stop, stream
from axonize.patching import Integration, Patch

GRPC, HTTP = "tritonclient.grpc._client", "tritonclient.http._client"
GRPC_AIO, HTTP_AIO = "tritonclient.grpc.aio", "tritonclient.http.aio"
CLIENT = "InferenceServerClient"

TRITON_SERVER = Integration(
    name="triton_server",
    requires="tritonclient>=2.40",
    patches=(
        *(
            Patch(each, f"{CLIENT}.__init__", connected)
            for each in (GRPC, HTTP, GRPC_AIO, HTTP_AIO)
        ),
        *(
            Patch(each, f"{CLIENT}.infer", infer, kind="closure")
            for each in (GRPC, HTTP, GRPC_AIO, HTTP_AIO)
        ),
        Patch(GRPC, f"{CLIENT}.async_infer", infer_by_callback, kind="rewrite"),
        Patch(HTTP, f"{CLIENT}.async_infer", infer_by_greenlet, kind="rewrite"),
        Patch(GRPC, f"{CLIENT}.start_stream", start, kind="rewrite"),
        Patch(GRPC, f"{CLIENT}.async_stream_infer", ask, kind="rewrite"),
        Patch(GRPC, f"{CLIENT}.stop_stream", stop),
        Patch(GRPC_AIO, f"{CLIENT}.stream_infer", stream, kind="rewrite"),
        Patch("pytriton.proxy.inference", "InferenceHandler.__init__", handler),
    ),
    begin=trace_models,
    undo=trace_no_more,
)
