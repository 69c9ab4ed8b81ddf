"""TensorFlow as its own people write it: Keras models, `compile()`, `fit()`, tf.data."""

import diptych.networks.libraries.tensorflow  # noqa: F401  # its settings come before Keras
