"""A client of Triton that knows nothing of Axonize: one number after the other, and a stream.

python -m tests.ui.journey.inferring GRPC_PORT
"""

from __future__ import annotations

import json
import sys

import numpy as np
import tritonclient.grpc as grpc

from tests.integrations.triton_server.asking import answer, number

INFERENCES = 4


def infer(port: str) -> list[float]:
    """Return what became of the numbers."""
    with grpc.InferenceServerClient(f"127.0.0.1:{port}") as client:
        answers = [client.infer("double", number(grpc, value)) for value in range(INFERENCES)]
        found = [answer(each)[0] for each in answers]
        given = grpc.InferInput("X", [4], "FP32")
        given.set_data_from_numpy(np.ones(4, np.float32))
        client.start_stream(lambda result, error: found.append(float(result.as_numpy("Y")[0])))
        client.async_stream_infer("count", [given])
        client.stop_stream()
    return found


if __name__ == "__main__":
    print(json.dumps(infer(sys.argv[1])))
