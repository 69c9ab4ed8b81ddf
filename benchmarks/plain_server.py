"""What one would write by hand: FastAPI, Pillow and ONNX Runtime. Run by `bench_serving.py`.

`plain_server.py MODEL PORT`
"""

import io
import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
images = session.get_inputs()[0]
height, width = images.shape[1:3]
app = FastAPI()


@app.post("/predict")
async def predict(request: UploadFile) -> dict[str, list[float]]:
    """The probabilities of a picture."""
    picture = Image.open(io.BytesIO(await request.read())).convert("RGB").resize((width, height))
    outputs = session.run(["probabilities"], {images.name: np.asarray(picture)[None]})[0]
    return {"probabilities": outputs[0].tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
