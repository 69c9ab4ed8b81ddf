"""The same model behind LitServe, with its batching on. Run by `bench_serving.py`.

`litserve_server.py MODEL PORT`
"""

import sys
from typing import Any

import litserve
import numpy as np
import onnxruntime
from fastapi import UploadFile
from PIL import Image


class Classifier(litserve.LitAPI):  # type: ignore[misc]
    """Pictures in batches to probabilities."""

    def setup(self, device: str) -> None:
        """Open the graph."""
        self.session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
        self.images = self.session.get_inputs()[0]

    def decode_request(self, request: UploadFile) -> Any:
        """A picture's pixels."""
        height, width = self.images.shape[1:3]
        return np.asarray(Image.open(request.file).convert("RGB").resize((width, height)))

    def predict(self, pixels: Any) -> Any:
        """The probabilities of all pictures."""
        return self.session.run(["probabilities"], {self.images.name: np.stack(pixels)})[0]

    def encode_response(self, output: Any) -> dict[str, list[float]]:
        """The answer for one picture."""
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    api = Classifier(max_batch_size=8, batch_timeout=0.01)
    litserve.LitServer(api, accelerator="cpu").run(
        port=int(sys.argv[2]), generate_client_file=False
    )
