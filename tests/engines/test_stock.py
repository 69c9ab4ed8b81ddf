"""What Keras saves of our networks is read where Diptych is not installed."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest

from diptych import Recipe
from diptych.engines.tensorflow.stock import stock_model
from diptych.engines.tensorflow.weights import model_with_weights, weights_of
from diptych.networks import choosing
from diptych.networks.initialisation import initial

# Keras' own saving does what NumPy will one day refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ELSEWHERE = """
import sys
sys.modules["diptych"] = None
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
images = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(images, verbose=0))
if len(model.layers) > 6:
    model.fit(images, np.arange(len(images)) % 3, verbose=0)
"""


def images() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("name", ["cnn", "keras/MobileNetV3Small"])
def test_a_model_that_was_trained_on_and_saved_is_loaded_without_diptych(
    name: str, tmp_path: Path
) -> None:
    _, model = own_and_stock(name)
    pixels, labels = images(), np.arange(6) % 3
    if name == "cnn":  # to trace a large one takes a minute
        model.fit(pixels, labels, verbose=0)
    model.save(tmp_path / "a.keras")
    np.save(tmp_path / "images.npy", pixels)
    files = [str(tmp_path / file) for file in ("a.keras", "images.npy", "answers.npy")]
    command = [sys.executable, "-P", "-c", ELSEWHERE, *files]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    expected = model.predict(pixels, verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), expected, atol=1e-4)


# The library prepares pixels for each of these in another way.
@pytest.mark.parametrize("name", ["cnn", "keras/MobileNet", "keras/VGG16"])
def test_it_answers_as_the_network_does(name: str) -> None:
    own, model = own_and_stock(name)
    expected = own.predict(images(), verbose=0)
    np.testing.assert_allclose(model.predict(images(), verbose=0), expected, rtol=1e-3, atol=1e-4)


def own_and_stock(name: str) -> tuple[keras.Model, keras.Model]:
    """A network as the engine has it, and with the same weights in Keras' own layers."""
    recipe = Recipe(engine="tensorflow", network=name, weights="none")
    network = choosing.network(recipe, (32, 32, 3), 3)
    weights = initial(network, 0)
    if network.external:
        # The library draws those of its backbone.
        weights = {name: w for name, w in weights.items() if name.startswith("classifier")}
    own = model_with_weights(network, weights)
    return own, stock_model(network, weights_of(own))
