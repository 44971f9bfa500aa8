import threading
import time

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        for each in requests:
            x = pb_utils.get_input_tensor_by_name(each, "X").as_numpy()
            sender = each.get_response_sender()
            threading.Thread(target=self.respond, args=(sender, x)).start()

    def respond(self, sender, x):
        for number in range(3):
            time.sleep(0.01)
            sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("Y", x * number)]))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
