"""TensorFlow and Keras as Diptych loads them: settings first, and without a word."""

import os

from diptych.errors import InputError, MissingExtra
from diptych.system.privacy import folders_in_cache
from diptych.system.silence import silenced

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# On processors without AVX-512 TensorFlow leaves oneDNN off, and trains two to three times slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

try:
    with silenced(), folders_in_cache("keras", "matplotlib"):
        import keras as keras
        import tensorflow  # noqa: F401
except ModuleNotFoundError as cause:
    raise MissingExtra("TensorFlow", "tensorflow") from cause
if keras.backend.backend() != "tensorflow":
    raise InputError(
        f"Keras runs on {keras.backend.backend()} here; set KERAS_BACKEND=tensorflow first"
    )
