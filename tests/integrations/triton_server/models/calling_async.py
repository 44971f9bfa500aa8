import asyncio

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    async def execute(self, requests):
        return [await self.ask(each) for each in requests]

    async def ask(self, request):
        asked = [
            pb_utils.InferenceRequest(
                model_name=name,
                requested_output_names=["Y"],
                inputs=[pb_utils.get_input_tensor_by_name(request, "X")],
            )
            for name in ("doubling", "failing")
        ]
        answer, _ = await asyncio.gather(*(each.async_exec() for each in asked))
        return pb_utils.InferenceResponse([pb_utils.get_output_tensor_by_name(answer, "Y")])
