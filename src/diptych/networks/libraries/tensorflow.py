"""TensorFlow and Keras as Diptych loads them: settings first, and without a word."""

import os

from diptych.errors import InputError, MissingExtra
from diptych.system.silence import silenced

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# On processors without AVX-512 TensorFlow leaves oneDNN off, and trains two to three times slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

try:
    with silenced():
        import keras as keras
        import tensorflow  # noqa: F401
except ModuleNotFoundError as cause:
    raise MissingExtra("TensorFlow", "tensorflow") from cause
if keras.backend.backend() != "tensorflow":
    raise InputError(
        f"Keras runs on {keras.backend.backend()} here; set KERAS_BACKEND=tensorflow first"
    )
